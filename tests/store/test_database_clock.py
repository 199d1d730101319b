"""Jobs by the clock of the database: a machine whose own clock is wrong takes nothing away from the others, and postpones nothing for them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial

import pytest

from fhir_coder.audit.entry import Action, Agent, AgentKind, AuditEntry, Success
from fhir_coder.jobs.job import Caller, Job, State
from fhir_coder.store import start
from fhir_coder.store.database_clock import ASKS_S, DatabaseClock
from fhir_coder.store.engine import open_engine
from fhir_coder.store.start import open_stores
from tests.store.conftest import KEY

AHEAD_S = 90.0
MakesClock = Callable[..., tuple[DatabaseClock, Callable[[], None]]]


def wrong() -> float:
    return time.time() + AHEAD_S


def told(job: Job, _: str) -> AuditEntry:
    return AuditEntry(job.tenant, "code-encounter", Action.EXECUTE, Success.FAILED, Agent(AgentKind.SOFTWARE))


def test_a_machine_whose_clock_is_wrong_takes_no_job_away(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not database_url.startswith("postgresql"):
        pytest.skip("a file belongs to one machine, which has one clock")
    with closing(open_stores(database_url, KEY)) as right:
        job = right.jobs.add("north", Caller("engine", "a"), "asked", "Encounter/e1")
        assert right.job_claims.claim(job.id) is not None
        monkeypatch.setattr(start, "DatabaseClock", partial(DatabaseClock, own=wrong))
        with closing(open_stores(database_url, KEY)) as other:
            assert other.job_sweeping.take_back(told) == ()
            late = other.jobs.add("north", Caller("engine", "b"), "asked", "Encounter/e2")
            assert right.job_claims.claim(late.id) is not None
        assert [one.state for one in right.jobs.entries("north")] == [State.RUNNING] * 2


@pytest.fixture
def clock_of(database_url: str) -> Iterator[MakesClock]:
    """A clock, and what uses the database."""
    with ExitStack() as stack:

        def make(**given: Callable[[], float]) -> tuple[DatabaseClock, Callable[[], None]]:
            engine = open_engine(database_url)
            stack.callback(engine.dispose)
            return DatabaseClock(engine, **given), lambda: engine.connect().close()

        yield make


def test_the_database_is_asked_now_and_then_and_a_file_never(database_url: str, clock_of: MakesClock) -> None:
    own, steady = [time.time() + AHEAD_S], [0.0]
    clock, use = clock_of(own=lambda: own[0], steady=lambda: steady[0])
    use()
    is_asked = database_url.startswith("postgresql")
    assert abs(clock() - time.time() - (0 if is_asked else AHEAD_S)) < 5
    own[0] += 1000
    use()
    assert clock() - time.time() > 900
    steady[0] += ASKS_S
    use()
    assert abs(clock() - time.time() - (0 if is_asked else AHEAD_S + 1000)) < 5


def test_a_database_that_does_not_tell_its_time_is_used_all_the_same(clock_of: MakesClock, caplog: pytest.LogCaptureFixture) -> None:
    clock, use = clock_of()

    def fail(_: object) -> float:
        raise OSError("words")

    clock._asked = fail  # type: ignore[method-assign]
    with caplog.at_level(logging.WARNING):
        use()
    assert abs(clock() - time.time()) < 5 and "words" not in caplog.text
