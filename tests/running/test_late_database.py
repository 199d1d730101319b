"""Each command that serves for good waits for a database that is away, and ends with a line when it turns out to let it not in."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest

from fhir_coder.app import create_app, open_worker
from fhir_coder.cli import main
from fhir_coder.errors import ConfigurationError
from fhir_coder.settings import Settings
from tests.running.processes import free_port, until
from tests.running.refusing_postgresql import WRONG_PASSWORD, refusing
from tests.store.conftest import KEY


def opened(open_one: Callable[[Settings], object]) -> Callable[[dict[str, str]], str]:
    def refusal(variables: dict[str, str]) -> str:
        with pytest.raises(ConfigurationError) as caught:
            open_one(Settings.from_environment(variables))
        return caught.value.message

    return refusal


STARTED: dict[str, Callable[[dict[str, str]], str]] = {"serve": opened(create_app), "worker": opened(open_worker)}
COMMANDS = (["discover", "--every", "60"], ["follow-ups", "run", "--every", "60"], ["billing", "send", "--every", "60"])


def test_who_serves_for_good_waits_for_the_database(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """All of them at once: each waits, until somebody answers and refuses them."""
    port, waiting, told = free_port(), set(), []
    variables = {
        "FHIR_CODER_DATABASE_URL": f"postgresql+psycopg://coder:secret-word@127.0.0.1:{port}/coder",
        "FHIR_CODER_BROKER_URL": f"redis://127.0.0.1:{port}/0",
        "FHIR_CODER_KEY": KEY,
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    logger, listening = logging.getLogger("fhir_coder.store"), logging.Handler()
    listening.emit = lambda record: waiting.add(record.threadName)  # type: ignore[method-assign]
    logger.addHandler(listening)
    starts = [lambda start=start: told.append(start(variables)) for start in STARTED.values()]
    ends: list[int] = []
    runs = [lambda given=given: ends.append(main(given)) for given in COMMANDS]
    threads = [threading.Thread(target=one) for one in (*starts, *runs)]
    try:
        for one in threads:
            one.start()
        until(lambda: waiting == {one.name for one in threads}, 50)
        with refusing(port, WRONG_PASSWORD):
            for one in threads:
                one.join(30)
    finally:
        logger.removeHandler(listening)
    assert ends == [2] * len(COMMANDS) and len(told) == len(STARTED)
    lines = [*told, *capsys.readouterr().err.splitlines()]
    assert sum("the store cannot be opened (OperationalError)" in line for line in lines) == len(threads)
    assert "secret-word" not in "".join(lines)
