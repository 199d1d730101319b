"""Jobs as a bulk run has them, on each kind of database: taken on once, taken from the workers at their end, gone with what is kept of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from fhir_coder.audit.fhir_event import Observer
from fhir_coder.bulk.of_workers import Ask
from fhir_coder.errors import ConfigurationError, Conflict
from fhir_coder.jobs.job import Answer, Caller, JobLimits, Priority, State
from fhir_coder.store.audit import AuditLog
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.engine import open_engine
from fhir_coder.store.job_claims import JobClaims
from fhir_coder.store.job_sweeping import JobSweeping
from fhir_coder.store.jobs import Jobs, forget_jobs
from fhir_coder.store.run_jobs import RunJobs
from tests.store.conftest import KEY, MARKER

LIMITS = JobLimits(waiting=10, attempts=1, kept_s=3600, dead_s=7200)
RUN = "r" * 32
START_S = 1_800_000_000


@dataclass
class Desk:
    engine: Engine
    at: float = START_S

    def __post_init__(self) -> None:
        cipher = Cipher(KEY)
        self.run = RunJobs(self.engine, cipher, LIMITS, lambda: self.at)
        self.jobs = Jobs(self.engine, cipher, LIMITS, lambda: self.at)
        self.claims = JobClaims(self.engine, cipher, LIMITS, lambda: self.at)
        self.sweeping = JobSweeping(self.engine, cipher, AuditLog(self.engine, Observer()), LIMITS, lambda: self.at)

    def ask(self, *encounters: str, run: str = RUN, tenant: str = "north") -> int:
        return self.run.take_on(tenant, run, [Ask(f"Encounter/{one}", f'"{MARKER} {one}"') for one in encounters])

    def do(self, coding: str = "c1") -> str:
        """The next job, to a coding; its encounter."""
        claimed = self.claims.claim_next()
        assert claimed and MARKER in claimed.asked
        with self.claims.writing() as connection:
            self.claims.finish(connection, claimed, Answer(200, f"lines of {MARKER}"), coding)
        return claimed.job.encounter

    def forget(self, *jobs: str) -> None:
        with self.claims.writing() as connection:
            self.run.forget(connection, "north", RUN, jobs)


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    engine = open_engine(database_url)
    yield Desk(engine)
    engine.dispose()


def test_an_encounter_is_asked_for_once_and_taken_at_its_end(desk: Desk) -> None:
    assert desk.ask("e1", "e2") == 2
    assert set(desk.run.encounters("north", RUN)) == {"Encounter/e1", "Encounter/e2"}
    assert desk.run.ended("north", RUN, 9) == ()
    with pytest.raises(IntegrityError):
        desk.ask("e3", "e1")
    assert set(desk.run.encounters("north", RUN)) == {"Encounter/e1", "Encounter/e2"}, "all of them or none"
    assert desk.do() == "Encounter/e1"
    (taken,) = desk.run.ended("north", RUN, 9)
    assert (taken.job.state, taken.job.coding, taken.job.run, taken.answer) == (State.DONE, "c1", RUN, f"lines of {MARKER}")
    desk.forget(taken.job.id)
    assert desk.run.encounters("north", RUN) == ("Encounter/e2",)
    with pytest.raises(Conflict):
        desk.forget(taken.job.id)


def test_runs_and_tenants_do_not_meet(desk: Desk) -> None:
    desk.ask("e1")
    desk.ask("e1", run="s" * 32)
    desk.ask("e1", tenant="south")
    for _ in range(3):
        desk.do()
    assert len(desk.run.ended("north", RUN, 9)) == 1
    (other,) = desk.run.ended("south", RUN, 9)
    with pytest.raises(Conflict):
        desk.forget(other.job.id)
    assert desk.run.take_back("north", RUN) == 0 and len(desk.run.encounters("south", RUN)) == 1


def test_only_so_many_as_there_are_places_beside_those_of_callers(desk: Desk) -> None:
    assert desk.run.room("north") == 8
    desk.jobs.add("north", Caller("someone", "a"), "{}", "")
    assert desk.run.room("north") == 7
    assert desk.ask(*(f"e{number}" for number in range(9))) == 7
    assert desk.run.room("north") == 0 and desk.ask("e8") == 0
    desk.jobs.add("north", Caller("someone", "b"), "{}", "")


def test_callers_go_first(desk: Desk) -> None:
    desk.ask("e1")
    desk.at += 60
    desk.jobs.add("north", Caller("someone", "a"), MARKER, "Encounter/person", Priority.INTERACTIVE)
    assert [desk.do("c1"), desk.do("c2")] == ["Encounter/person", "Encounter/e1"]


def test_what_is_taken_back_is_not_kept_by_who_is_at_it(desk: Desk) -> None:
    desk.ask("e1", "e2", "e3")
    desk.do()
    claimed = desk.claims.claim_next()
    assert claimed and desk.run.take_back("north", RUN) == 2
    assert not desk.claims.renew(claimed)
    with pytest.raises(Conflict), desk.claims.writing() as connection:
        desk.claims.finish(connection, claimed, Answer(200, "lines"), "c2")
    assert desk.run.encounters("north", RUN) == ("Encounter/e1",)


def test_who_does_a_job_that_an_operator_took_back_keeps_nothing_and_what_is_done_stays(desk: Desk) -> None:
    desk.ask("e1", "e2")
    desk.do()
    claimed = desk.claims.claim_next()
    assert claimed
    assert [desk.jobs.drop("north", one.id) for one in desk.jobs.entries("north")] == [True, False]
    with pytest.raises(Conflict), desk.claims.writing() as connection:
        desk.claims.finish(connection, claimed, Answer(200, "lines"), "c2")
    assert [one.job.state for one in desk.run.ended("north", RUN, 9)] == [State.DONE, State.CANCELLED]


def test_a_coding_waits_for_its_run_and_a_failure_for_some_days(desk: Desk) -> None:
    desk.ask("e1", "e2")
    desk.do()
    claimed = desk.claims.claim_next()
    assert claimed
    with desk.claims.writing() as connection:
        desk.claims.fail(connection, claimed, Answer(422, "lines"), "FC113")
    desk.at += LIMITS.kept_s + 1
    assert desk.sweeping.prune() == 0
    desk.at += LIMITS.dead_s
    assert desk.sweeping.prune() == 1
    desk.at += 10 * 365 * 24 * 3600
    assert desk.sweeping.prune() == 0
    assert [one.job.encounter for one in desk.run.ended("north", RUN, 9)] == ["Encounter/e1"]


def test_a_coding_that_is_deleted_takes_the_lines_with_it_and_stays_known_to_its_run(desk: Desk) -> None:
    desk.ask("e1")
    desk.do("c1")
    desk.jobs.add("north", Caller("someone", "a"), MARKER, "Encounter/e1")
    desk.do("c1")
    with desk.claims.writing() as connection:
        forget_jobs(connection, "north", "c1")
    assert len(desk.jobs.entries("north")) == 1
    (taken,) = desk.run.ended("north", RUN, 9)
    assert (taken.job.coding, taken.answer) == ("c1", "")


def test_without_the_key_nothing_is_taken_and_nothing_taken_on(desk: Desk) -> None:
    desk.ask("e1")
    desk.do()
    keyless = RunJobs(desk.engine, Cipher(), LIMITS)
    with pytest.raises(ConfigurationError, match="FHIR_CODER_KEY is empty"):
        keyless.ended("north", RUN, 9)
    with pytest.raises(ConfigurationError):
        keyless.take_on("north", RUN, [Ask("Encounter/e2", "x")])
