"""Commands that go on outlive a round that fails."""

from __future__ import annotations

import pytest

from fhir_coder.commands import actions
from fhir_coder.commands.actions import in_rounds


class Over(BaseException):
    """Ends what has no end."""


def test_a_single_round_gives_its_status_and_fails_as_it_fails() -> None:
    assert in_rounds(lambda: 1, None) == 1
    with pytest.raises(ValueError, match="secret"):
        in_rounds(lambda: int("secret"), None)


def test_a_round_that_fails_is_told_without_its_words_and_the_next_one_is_tried(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds, pauses = iter((lambda: 0, lambda: int("secret"), lambda: 1)), []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise Over

    monkeypatch.setattr(actions.time, "sleep", sleep)
    with pytest.raises(Over):
        in_rounds(lambda: next(rounds)(), 30.0)
    assert pauses == [30.0, 30.0, 30.0]
    assert capsys.readouterr().err == "fhir-coder: a round failed (ValueError); the next one is in 30 s\n"


def test_a_pipe_that_nobody_reads_ends_it() -> None:
    def act() -> int:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        in_rounds(act, 1.0)
