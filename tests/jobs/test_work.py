"""Doing a job, with an engine and a store that fail in every way they can: one coding and one answer, or another try, or a visible end."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import event, text

from fhir_coder.api.log import FIELDS
from fhir_coder.errors import Conflict, EhrUnavailable, NotRecorded, Uncodable
from fhir_coder.jobs.entries import lost
from fhir_coder.jobs.job import Caller, JobLimits, State
from fhir_coder.jobs.lease import renewing
from fhir_coder.jobs.sweeping import Sweeper
from tests.api.conftest import log_lines
from tests.jobs.stage import WRITE, Stage, bearer, make_stage, stage, wait_until

__all__ = ["log_lines", "make_stage", "stage"]


def let_time_pass(stage: Stage) -> None:
    """Whatever waits is due now, and whatever is claimed is claimed no more."""
    engine = stage.stores.job_claims._engine.execution_options(writes=True)
    with engine.begin() as connection:
        connection.execute(text("UPDATE job SET next_attempt_s = 0 WHERE state = 'waiting'"))
        connection.execute(text("UPDATE job SET lease_until_s = 1 WHERE state = 'running'"))


AGAIN: dict[str, tuple[Exception, str]] = {
    "the EHR is away": (EhrUnavailable("away"), "FC201"),
    "another writes for the encounter": (Conflict("another"), "FC109"),
    "the audit is full": (NotRecorded("full"), "FC301"),
    "a fault of ours": (ZeroDivisionError("words of a note"), "FC000"),
}


@pytest.mark.parametrize("name", AGAIN)
def test_what_may_go_better_is_tried_again_and_done_once(stage: Stage, name: str) -> None:
    error, code = AGAIN[name]
    stage.engine.errors = [error]
    address = stage.kick_off()
    assert stage.work.do_next() and not stage.work.do_next()
    (job,) = stage.jobs()
    assert (job.state, job.attempts, job.error, stage.codings()) == (State.WAITING, 1, code, 0)
    assert 2 <= job.next_attempt_s - time.time() <= 7
    let_time_pass(stage)
    assert stage.work.do_next()
    (job,) = stage.jobs()
    assert (job.state, job.attempts, job.error, stage.codings()) == (State.DONE, 2, "", 1)
    assert stage.ask(address).status_code == 200
    assert stage.ends == [code, "done"]


def test_what_the_ehr_asks_is_waited(stage: Stage) -> None:
    stage.engine.errors = [EhrUnavailable("busy", retry_after="300")]
    stage.kick_off()
    assert stage.work.do_next()
    assert 295 <= stage.jobs()[0].next_attempt_s - time.time() <= 302


def test_what_would_not_go_better_is_the_answer(stage: Stage) -> None:
    stage.engine.errors = [Uncodable("no note")]
    stage.kick_off()
    assert stage.work.do_next()
    (job,) = stage.jobs()
    assert (job.state, job.error, job.attempts) == (State.FAILED, "FC113", 1)
    let_time_pass(stage)
    assert not stage.work.do_next() and len(stage.engine.requests) == 1


def test_a_job_that_fails_each_time_is_dead_and_an_operator_lets_it_go_on(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(limits=JobLimits(attempts=3))
    stage.engine.errors = [ZeroDivisionError("1"), EhrUnavailable("2"), ZeroDivisionError("3")]
    address = stage.kick_off()
    for _ in range(3):
        let_time_pass(stage)
        assert stage.work.do_next()
    (job,) = stage.jobs()
    assert (job.state, job.attempts, stage.ask(address).status_code) == (State.DEAD, 3, 500)
    assert [one["outcome"] for one in stage.events() if one["subtype"][0]["code"] == "operation" and one["outcome"] != "0"] == ["8"]
    stage.stores.jobs.try_again("default", job.id)
    assert stage.work.do_next() and stage.ask(address).status_code == 200 and stage.codings() == 1


def lose_workers(stage: Stage, tries: int) -> Sweeper:
    """Whoever takes the job up says nothing more of it, each time."""
    sweeper = Sweeper(stage.stores.job_sweeping, count=stage.ends.append)
    for _ in range(tries):
        let_time_pass(stage)
        assert stage.stores.job_claims.claim_next() is not None
        let_time_pass(stage)
        sweeper.sweep()
    return sweeper


def test_a_job_whose_workers_are_lost_is_in_the_audit_in_its_callers_name(
    make_stage: Callable[..., Stage], log_lines: list[logging.LogRecord]
) -> None:
    stage = make_stage(limits=JobLimits(attempts=2), tokens=True)
    assert stage.kick_off(**bearer(), X_Request_Id="r-7").status_code == 202
    lose_workers(stage, 2).sweep()
    (job,) = stage.jobs()
    assert (job.state, job.error, stage.ends) == (State.DEAD, "FC503", ["FC503"] * 2)
    assert [getattr(one, FIELDS)["end"] for one in log_lines if one.levelno == logging.WARNING] == ["FC503, tried again", "FC503, dead"]
    taken_on, dead = stage.events()
    assert (taken_on["outcome"], dead["outcome"]) == ("0", "8")
    assert dead["subtype"][-1]["code"] == "code-encounter" and dead["agent"][0] == taken_on["agent"][0]
    told = json.dumps(dead["entity"])
    assert all(word in told for word in ("Encounter/e1", "FC503", job.id, "r-7"))


def test_what_was_asked_in_words_that_nobody_reads_is_dead_in_our_name(make_stage: Callable[..., Stage]) -> None:
    """As of a version to come, in the midst of a rolling restart."""
    stage = make_stage(limits=JobLimits(attempts=1))
    for asked in ('{"tenant": "default"}', "[]", "words"):
        job = stage.stores.jobs.add("default", Caller("engine", asked), asked, "Encounter/e1")
        lose_workers(stage, 1)
        event = stage.events()[-1]
        assert event["outcome"] == "8" and event["agent"][0]["who"]["identifier"]["value"] == "fhir-coder"
        assert job.id in json.dumps(event["entity"]) and {"reference": "Encounter/e1"} in [one.get("what") for one in event["entity"]]
    assert {one.state for one in stage.jobs()} == {State.DEAD}


def test_what_no_key_opens_fails_by_itself_and_keeps_no_job_behind_it_from_being_done(
    make_stage: Callable[..., Stage], log_lines: list[logging.LogRecord]
) -> None:
    """As where a key is changed and some machines do not have the new one yet, or the old one was taken from the list too early."""
    elsewhere = make_stage(key=Fernet.generate_key().decode())
    elsewhere.kick_off()
    stage = make_stage(limits=JobLimits(attempts=2))
    address = stage.kick_off()
    assert stage.work.do_next() and stage.work.do_next() and not stage.work.do_next()
    assert stage.ask(address).status_code == 200
    behind, first = stage.jobs()
    assert (first.state, first.attempts, first.error, behind.state) == (State.WAITING, 1, "FC300", State.DONE)
    assert elsewhere.work.do_next() is False  # it waits
    let_time_pass(stage)
    assert stage.work.do_next() and stage.jobs()[1].state is State.DEAD and stage.ends == ["FC300", "done", "FC300"]
    assert any("FHIR_CODER_KEY" in one.getMessage() for one in log_lines)
    event = stage.events()[-1]
    assert event["outcome"] == "8" and "FC300" in json.dumps(event["entity"])
    assert event["agent"][0]["who"]["identifier"]["value"] == "fhir-coder"
    elsewhere.stores.jobs.try_again("default", first.id)
    assert elsewhere.work.do_next() and elsewhere.jobs()[1].state is State.DONE


def test_a_job_that_was_cancelled_in_its_last_try_is_not_dead(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(limits=JobLimits(attempts=1))
    stage.engine.errors = [EhrUnavailable("away")]
    address = stage.kick_off()
    stage.engine.during = lambda: stage.ask(address, "DELETE")
    before = len(stage.events())
    assert stage.work.do_next()
    assert stage.jobs()[0].state is State.CANCELLED
    assert [one["subtype"][-1]["code"] for one in stage.events()[before:]] == ["job-cancel"]


def test_a_try_that_takes_too_long_is_one_whose_worker_was_lost(stage: Stage, log_lines: list[logging.LogRecord]) -> None:
    stage.engine.errors = [TimeoutError("after ten minutes")]
    stage.kick_off()
    assert stage.make_work(too_long=(TimeoutError,)).do_next()
    assert (stage.jobs()[0].state, stage.jobs()[0].error) == (State.WAITING, "FC503")
    assert [one for one in log_lines if one.levelno == logging.ERROR] == []


def test_an_unexpected_error_is_logged_by_its_kind_and_place_only(stage: Stage, log_lines: list[logging.LogRecord]) -> None:
    stage.engine.errors = [ZeroDivisionError("words of a note")]
    stage.kick_off()
    assert stage.work.do_next()
    (line,) = [one for one in log_lines if one.levelno == logging.ERROR]
    fields = getattr(line, FIELDS)
    assert fields["exception"] == "ZeroDivisionError" and fields["places"] and fields["job"] == stage.jobs()[0].id
    assert "words of a note" not in repr(fields) + str(line.exc_info)


def test_the_answer_and_the_entry_stand_with_the_coding_or_not_at_all(stage: Stage) -> None:
    """The database fails at the last statement of the transaction."""
    stage.kick_off()
    broken = []

    def fail(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "UPDATE job" in statement and "'done'" not in statement and "answer" in statement and not broken:
            broken.append(statement)
            raise OSError("the disk is full")

    engine = stage.stores.job_claims._engine
    event.listen(engine, "before_cursor_execute", fail)
    assert stage.work.do_next()
    event.remove(engine, "before_cursor_execute", fail)
    assert broken and stage.codings() == 0 and len(stage.events()) == 1
    assert (stage.jobs()[0].state, stage.jobs()[0].error) == (State.WAITING, "FC000")
    let_time_pass(stage)
    assert stage.work.do_next()
    assert stage.codings() == 1 and len(stage.events()) == 2


def test_who_was_thought_lost_and_comes_back_keeps_nothing(stage: Stage) -> None:
    """Its claim is over while it works; another does the job meanwhile."""
    address = stage.kick_off()
    other = stage.make_work()

    def overtake() -> None:
        stage.engine.during = lambda: None
        let_time_pass(stage)
        assert len(stage.stores.job_sweeping.take_back(lost)) == 1
        assert other.do_next()

    stage.engine.during = overtake
    assert stage.work.do_next()
    assert len(stage.engine.requests) == 2 and stage.codings() == 1
    assert stage.ask(address).status_code == 200
    assert [one.detail.get("coding") for one in stage.entries].count("") == 0
    done = [one for one in stage.events() if one["subtype"][-1]["code"] == "code-encounter"]
    assert len(done) == 2, "taken on, and done once"


def test_a_write_to_the_ehr_is_written_down_before_it_or_does_not_happen(stage: Stage) -> None:
    stage.kick_off(WRITE)
    with stage.writing_nothing():
        assert stage.work.do_next()
    assert stage.engine.requests == [] and stage.jobs()[0].error == NotRecorded.code
    let_time_pass(stage)
    assert stage.work.do_next() and len(stage.engine.requests) == 1


def test_a_lease_is_renewed_while_a_job_takes_its_time(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(limits=JobLimits(lease_s=2))
    renewed = threading.Event()
    claims = stage.stores.job_claims
    real = claims.renew

    class Watched:
        def __getattr__(self, name: str) -> Any:
            return getattr(claims, name)

        def renew(self, claimed: Any) -> bool:
            done = real(claimed)
            renewed.set()
            return done

    stage.engine.during = lambda: (renewed.wait(20), stage.stores.job_sweeping.take_back(lost))
    stage.kick_off()
    assert stage.make_work(claims=Watched(), renew_s=0.05).do_next()
    assert renewed.is_set() and stage.jobs()[0].state is State.DONE and stage.jobs()[0].attempts == 1


def test_renewing_goes_on_after_an_error_and_ends_when_the_job_is_anothers() -> None:
    seen: list[int] = []

    def renew() -> bool:
        seen.append(1)
        if len(seen) == 1:
            raise OSError("the database is away")
        return len(seen) < 4

    with renewing(renew, 0.01):
        wait_until(lambda: len(seen) >= 4)
        time.sleep(0.1)
    assert len(seen) == 4


class Table:
    """A table of jobs that fails when it is told to."""

    def __init__(self, stage: Stage, fails: set[str]) -> None:
        self._real, self._fails = stage.stores.job_sweeping, fails

    def __getattr__(self, name: str) -> Any:
        if name in self._fails:
            raise OSError("the database is away")
        return getattr(self._real, name)


@dataclass
class Told:
    """A broker that holds nothing."""

    tell: Callable[[Any], bool]

    def held(self) -> int:
        return 0


@pytest.mark.parametrize("fails", ["take_back", "prune", "hand_out"])
def test_a_sweep_that_fails_raises_nothing(stage: Stage, fails: str) -> None:
    stage.kick_off()
    told: list[str] = []
    sweeper = Sweeper(Table(stage, {fails}), Told(lambda job: bool(told.append(job.id)) or True))
    sweeper.sweep()
    assert len(told) == (fails != "hand_out")


def test_a_broker_that_is_down_is_told_by_a_later_sweep(stage: Stage) -> None:
    for _ in range(3):
        stage.kick_off()
    takes, told = [1], []

    def publish(job: Any) -> bool:
        if not takes:
            return False
        takes.pop()
        told.append(job.id)
        return True

    sweeper = Sweeper(stage.stores.job_sweeping, Told(publish))
    sweeper.hand_out()
    assert len(told) == 1
    takes[:] = [1] * 9
    sweeper.sweep()
    assert sorted(told) == sorted(one.id for one in stage.jobs())
    sweeper.sweep()
    assert len(told) == 3


def test_a_message_that_comes_twice_is_done_once(stage: Stage) -> None:
    stage.kick_off()
    (job,) = stage.jobs()
    assert [stage.work.do(job.id) for _ in range(3)] == [True, False, False]
    assert not stage.work.do("nowhere") and stage.codings() == 1 and len(stage.engine.requests) == 1
