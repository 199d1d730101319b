"""What becomes of encounters at an EHR from round to round: found, waited for, taken on once, read again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fhir_coder.audit.entry import AgentKind
from fhir_coder.discovery.looking import MOST_JOBS, Cause
from fhir_coder.discovery.watched import Found, WatchState
from fhir_coder.ehr.policy import IntakePolicy
from fhir_coder.jobs.job import JobLimits, Priority, State
from tests.discovery.stage import EHR, TENANT, Stage, configured
from tests.simulated_ehr import Fault, Reply


def settle(stage: Stage) -> None:
    stage.clock.pass_by(minutes=16)


def have_coded(stage: Stage) -> None:
    """A visit with a note, found, taken on and coded."""
    stage.visit()
    stage.write_note()
    settle(stage)
    stage.round()
    stage.code_next()


def test_a_signed_visit_is_taken_on_once_after_it_has_settled(stage: Stage) -> None:
    stage.visit()
    stage.write_note()
    stage.clock.pass_by(minutes=1)
    first = stage.round()
    assert (first.found, first.taken, first.problems) == (1, 0, [])
    assert stage.standing() == {"settling": 1}
    stage.clock.pass_by(minutes=13)
    assert stage.round().taken == 0  # 14 minutes after the signature
    stage.clock.pass_by(minutes=1)
    assert stage.round().taken == 1
    (job,) = stage.open_jobs()
    assert (job.encounter, job.priority, job.state) == ("Encounter/e1", Priority.BULK, State.WAITING)
    (asked,) = stage.asked()
    assert asked.agent.kind is AgentKind.SOFTWARE
    assert (asked.request.tenant, asked.request.encounter_id, asked.request.ehr, asked.request.write_back) == (TENANT, "e1", EHR, False)
    for _ in range(3):
        stage.clock.pass_by(minutes=30)
        assert stage.round().taken == 0
    assert len(stage.open_jobs()) == 1


def test_write_back_is_as_configured(stage: Stage) -> None:
    stage.discovery = configured(write_back=True)
    stage.visit()
    stage.write_note()
    settle(stage)
    stage.round()
    (asked,) = stage.asked()
    assert asked.request.write_back


def test_an_addendum_within_the_time_has_it_run_anew(stage: Stage) -> None:
    stage.visit()
    stage.write_note()
    stage.clock.pass_by(minutes=10)
    stage.round()
    stage.write_note("d2", text="Addendum: cough.")
    stage.clock.pass_by(minutes=10)
    assert stage.round().taken == 0  # 20 minutes after the note, 10 after the addendum
    stage.clock.pass_by(minutes=6)
    assert stage.round().taken == 1
    assert len(stage.open_jobs()) == 1


WAITING: dict[str, tuple[dict[str, Any], dict[str, Any] | None, str]] = {
    "in progress": ({"status": "in-progress"}, {}, "unfinished"),
    "without a note": ({}, None, "no-note"),
    "unsigned": ({}, {"docStatus": "preliminary"}, "unsigned"),
    "superseded": ({}, {"status": "superseded"}, "no-note"),
    "cancelled": ({"status": "cancelled"}, {}, "not-a-visit"),
    "inpatient": ({"class": {"code": "IMP"}}, {}, "inpatient"),
}


@pytest.mark.parametrize(("visit", "note", "reason"), WAITING.values(), ids=WAITING.keys())
def test_what_cannot_be_coded_yet_or_here_is_not_taken_on(
    stage: Stage, visit: dict[str, Any], note: dict[str, Any] | None, reason: str
) -> None:
    stage.visit(**visit)
    if note is not None:
        stage.write_note(**note)
    settle(stage)
    assert stage.round().taken == 0
    assert stage.standing() == {reason: 1}
    stage.visit()
    stage.write_note()
    settle(stage)
    assert stage.round().taken == 1  # the class and the state are right now, and the note is signed


def test_unfinished_encounters_and_unsigned_notes_as_the_site_lets_them_in(stage: Stage) -> None:
    stage.policy = IntakePolicy("code", "code")
    stage.visit(status="in-progress")
    stage.write_note(docStatus="preliminary")
    settle(stage)
    assert stage.round().taken == 1


def test_a_note_that_is_signed_later_is_noticed_by_looking(stage: Stage) -> None:
    """The Encounter does not change when a note is signed: nothing but a look tells it."""
    stage.visit()
    stage.write_note(docStatus="preliminary")
    stage.round()
    stage.clock.pass_by(hours=8)
    stage.round()
    stage.write_note(docStatus="final")
    taken = []
    for _ in range(4):
        stage.clock.pass_by(minutes=6)
        taken.append(stage.round().taken)
    assert taken == [0, 0, 1, 0]


def test_a_note_of_a_day_to_come_settles_from_when_it_was_seen(stage: Stage) -> None:
    """A year that was mistyped: the time after the last signature would never be over."""
    stage.visit()
    stage.write_note(date="2062-05-04T08:00:00Z")
    taken = []
    for _ in range(4):
        taken.append(stage.round().taken)
        stage.clock.pass_by(minutes=6)
    assert taken == [0, 0, 0, 1]


def test_an_ehr_whose_clock_is_ahead_has_its_notes_settle_no_longer(stage: Stage) -> None:
    stage.ehr.clock = lambda: stage.clock.now + timedelta(hours=2)
    stage.visit()
    stage.write_note()
    stage.round()
    stage.clock.pass_by(minutes=16)
    assert stage.round().taken == 1


def test_waiting_ends(stage: Stage) -> None:
    stage.visit()
    stage.round()
    stage.clock.pass_by(days=31)
    stage.round()
    assert [(one.state, one.reason) for one in stage.counts()] == [(WatchState.CLOSED, "too-late")]
    stage.write_note()
    settle(stage)
    assert stage.round().taken == 0


CHANGES: dict[str, Any] = {
    "an addendum": lambda stage: stage.write_note("d2", text="Addendum: cough."),
    "another text": lambda stage: stage.write_note(text="Assessment: hypertension and cough."),
    "a note gone": lambda stage: stage.ehr.change("DocumentReference/d1", status="entered-in-error"),
    "another day": lambda stage: stage.visit(period={"start": "2026-05-03T08:00:00+00:00"}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_coded_encounter_is_read_again_and_taken_on_when_it_changed(stage: Stage, change: Any) -> None:
    stage.visit()
    stage.write_note()
    stage.write_note("d0", text="History of present illness: two days of it.")
    settle(stage)
    stage.round()
    stage.code_next()
    for _ in range(5):
        stage.clock.pass_by(hours=2)
        assert stage.round().taken == 0
    change(stage)
    stage.clock.pass_by(hours=2)
    assert stage.round().taken == 1
    stage.code_next()
    stage.clock.pass_by(hours=2)
    assert stage.round().taken == 0
    assert len(stage.open_jobs()) == 2


def test_what_does_not_bear_on_the_codes_changes_nothing(stage: Stage) -> None:
    have_coded(stage)
    stage.ehr.change("Encounter/e1", serviceProvider={"reference": "Organization/o"})
    stage.ehr.change("DocumentReference/d1", description="renamed")
    settle(stage)
    report = stage.round()
    assert (report.found, report.taken) == (1, 0)


def test_reading_again_ends(stage: Stage) -> None:
    have_coded(stage)
    stage.clock.pass_by(days=8)
    stage.round()
    assert [(one.state, one.reason) for one in stage.counts()] == [(WatchState.CLOSED, "reread-over")]


def test_an_addendum_after_that_is_coded_when_a_way_names_the_encounter_and_not_by_itself(stage: Stage) -> None:
    have_coded(stage)
    for _ in range(8):
        stage.clock.pass_by(days=1)
        stage.round()
    stage.write_note("d2", text="Addendum: cough.")
    for _ in range(3):
        stage.clock.pass_by(days=1)
        assert stage.round().taken == 0
    assert stage.standing() == {"reread-over": 1}
    stage.store.note(TENANT, EHR, [Found("e1")])  # a message tells of the document
    assert stage.round().reopened == 1


def test_what_is_cancelled_after_it_was_found_or_coded_is_not_taken_on_any_more(stage: Stage) -> None:
    for name in ("found", "coded", "queued"):
        stage.visit(name)
        stage.write_note(f"d-{name}", name)
    stage.ehr.change("DocumentReference/d-found", docStatus="preliminary")
    settle(stage)
    assert stage.round().taken == 2
    stage.code_next()
    for name, status in (("found", "cancelled"), ("coded", "entered-in-error"), ("queued", "entered-in-error")):
        stage.ehr.change(f"Encounter/{name}", status=status)
        stage.write_note(f"d2-{name}", name, "Addendum.")
    stage.clock.pass_by(hours=2)
    report = stage.round()
    assert (report.taken, stage.standing()) == (0, {"not-a-visit": 2, "queued": 1})  # the job reads for itself that there is no visit
    stage.ehr.change("Encounter/found", status="finished")
    settle(stage)
    assert stage.round().taken == 1  # it was cancelled by mistake


def test_notes_that_came_before_the_job_was_done_are_not_coded_twice(stage: Stage) -> None:
    """The job was taken on for the first note and has read the second too."""
    stage.visit()
    stage.write_note()
    settle(stage)
    stage.round()
    stage.write_note("d2", text="Addendum.")
    settle(stage)
    assert stage.round().taken == 0  # its job still waits, and will read both
    stage.code_next()
    for _ in range(3):
        stage.clock.pass_by(hours=2)
        assert stage.round().taken == 0
    stage.write_note("d3", text="Another.")
    stage.clock.pass_by(hours=2)
    assert stage.round().taken == 1


def test_what_others_had_coded_is_read_again_too(stage: Stage) -> None:
    stage.visit()
    stage.write_note()
    stage.clock.pass_by(days=1)
    stage.discovery = configured({"way": "drop", "folder": str(stage.folder)})
    stage.folder.mkdir()
    stage.repository.save(TENANT, EHR, stage.result("e1"))
    stage.round()
    stage.clock.pass_by(hours=2)
    assert stage.round().taken == 0
    stage.write_note("d2", text="Addendum.")
    stage.clock.pass_by(hours=2)
    assert stage.round().taken == 1


def test_what_was_over_and_somebody_has_coded_now_is_read_again(stage: Stage) -> None:
    """Reading again had ended; a person had it coded weeks later, for an addendum."""
    have_coded(stage)
    for _ in range(20):
        stage.clock.pass_by(days=1)
        stage.round()
    assert stage.standing() == {"reread-over": 1}
    stage.write_note("d2", text="Addendum.")
    stage.clock.pass_by(hours=1)
    stage.repository.save(TENANT, EHR, stage.result("e1"))
    stage.clock.pass_by(minutes=1)
    stage.round()
    stage.clock.pass_by(hours=2)
    assert stage.round().taken == 0 and stage.standing() == {"unchanged": 1}
    stage.write_note("d3", text="Another.")
    stage.clock.pass_by(hours=2)
    assert stage.round().reopened == 1
    stage.code_next()
    for _ in range(10):
        stage.clock.pass_by(days=1)
        stage.round()
    assert stage.standing() == {"reread-over": 1}  # and not again for the same coding


def test_an_encounter_that_somebody_had_coded_is_not_coded_for_the_same_notes(stage: Stage) -> None:
    stage.visit()
    stage.write_note()
    stage.repository.save(TENANT, EHR, stage.result("e1"))
    settle(stage)
    report = stage.round()
    assert (report.found, report.taken) == (1, 0)
    assert stage.standing() == {"unchanged": 1}


def test_an_ehr_whose_every_answer_is_new_does_not_have_an_encounter_coded_for_ever(stage: Stage) -> None:
    stage.visit()
    for number in range(MOST_JOBS + 5):
        stage.write_note(text=f"Assessment: hypertension, {number}.")
        stage.clock.pass_by(hours=2)
        if stage.round().taken:
            stage.code_next()
    assert len(stage.open_jobs()) == MOST_JOBS
    assert stage.standing() == {"too-often": 1}


# ------------------------------------------------------------------------------------------------------------ back-pressure


def test_an_ehr_that_throttles_is_left_alone_for_as_long_as_it_asks(stage: Stage) -> None:
    stage.visit()
    stage.write_note()
    settle(stage)
    stage.ehr.faults = [Fault("GET Encounter", 429, headers={"Retry-After": "600"})]
    report = stage.round()
    assert (report.taken, report.held_s) == (0, 600)
    asked = len(stage.ehr.calls)
    stage.clock.pass_by(minutes=9)
    assert stage.round().held_s == 60
    assert len(stage.ehr.calls) == asked and stage.ehr.waits == []
    stage.clock.pass_by(minutes=2)
    assert stage.round().taken == 1
    assert stage.store.held_until_s(TENANT, EHR) == 0


def test_another_ehr_is_not_left_alone_with_it(stage: Stage) -> None:
    stage.store.hold(TENANT, EHR, lambda failures: 600)
    assert stage.store.held_until_s(TENANT, "other") == 0
    assert stage.store.held_until_s("south", EHR) == 0


def test_without_a_word_of_when_it_waits_longer_each_time(stage: Stage) -> None:
    stage.ehr.faults = [Fault("GET Encounter", 503, times=-1)]
    held = []
    for _ in range(4):
        held.append(stage.round().held_s)
        stage.clock.pass_by(seconds=held[-1] + 1)
    assert all(15 * 2**number <= one <= 30 * 2**number + 1 for number, one in enumerate(held))


def counts_each_second(stage: Stage, most: int, asks_s: str = "1") -> None:
    """The EHR answers so many requests of a second, and 429 to the rest; who waits for a while has that pass by."""
    seen: Counter[int] = Counter()
    answer = stage.ehr.answer

    def counted(*request: Any) -> Reply:
        second = int(stage.clock.seconds())
        seen[second] += 1
        return answer(*request) if seen[second] <= most else Reply(429, {}, {"Retry-After": asks_s} if asks_s else {}, b"slower")

    stage.ehr.answer = counted  # type: ignore[method-assign]
    stage.ehr.waits = Passing(stage)


class Passing(list[float]):
    """What was waited for."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage

    def append(self, seconds: float) -> None:
        super().append(seconds)
        self.stage.clock.pass_by(seconds=seconds)


@pytest.mark.parametrize("way", ["updated", "by-date"])
def test_an_ehr_that_counts_the_requests_of_each_second_is_searched_to_the_end(stage: Stage, way: str) -> None:
    stage.discovery = configured({"way": way})
    stage.ehr.page = 5
    for number in range(12):
        stage.visit(f"e{number}")
        stage.write_note(f"d{number}", f"e{number}")
    settle(stage)
    counts_each_second(stage, 2)
    report = stage.round()
    assert (report.found, report.taken, report.held_s, report.problems) == (12, 12, 0, [])
    assert set(stage.ehr.waits) == {1.0}


@pytest.mark.parametrize("status", [0, 429, 500, 504])
def test_a_search_that_always_fails_keeps_nothing_else_waiting(stage: Stage, status: int) -> None:
    """It takes too long, say: what messages and files name is looked at all the same, before the next try."""
    stage.discovery = configured({"way": "updated"}, {"way": "hl7"})
    stage.ehr.faults = [Fault("GET Encounter", status, times=-1)]
    answer = stage.ehr.answer
    stage.ehr.answer = lambda method, path, query, *rest: (  # type: ignore[method-assign]
        Reply(200, stage.ehr.held("Encounter")[0]) if path == "Encounter/e1" else answer(method, path, query, *rest)
    )
    stage.visit()
    stage.write_note()
    stage.clock.pass_by(minutes=16)
    for _ in range(3):
        stage.store.note(TENANT, EHR, [Found("e1")])
        stage.round()
        stage.clock.pass_by(hours=2)
    assert len(stage.open_jobs()) == 1


@pytest.mark.parametrize("asks_s", ["", "6"])
def test_one_that_asks_for_longer_or_does_not_say_is_left_alone(stage: Stage, asks_s: str) -> None:
    stage.visit()
    settle(stage)
    counts_each_second(stage, 1, asks_s)
    assert stage.round().held_s >= 6 and stage.ehr.waits == []


def test_throttling_in_the_middle_of_looking_loses_nothing(stage: Stage) -> None:
    for number in range(30):
        stage.visit(f"e{number}")
        stage.write_note(f"d{number}", f"e{number}")
    settle(stage)
    stage.ehr.faults = [Fault("GET Encounter/", 429, after=12, headers={"Retry-After": "60"})]
    first = stage.round()
    assert (first.found, first.taken, first.held_s) == (30, 12, 60)
    stage.clock.pass_by(minutes=6)
    assert stage.round().taken == 18
    assert sorted(one.encounter for one in stage.open_jobs()) == sorted(f"Encounter/e{number}" for number in range(30))


def test_one_encounter_that_the_ehr_fails_on_does_not_keep_the_others_waiting(stage: Stage) -> None:
    for number in range(6):
        stage.visit(f"e{number}")
        stage.write_note(f"d{number}", f"e{number}")
    settle(stage)
    stage.ehr.faults = [Fault("GET Encounter/e0", 500, times=-1)]
    report = stage.round()
    assert (report.taken, report.held_s) == (5, 0) and len(report.problems) == 1


def test_an_ehr_that_refuses_everything_is_not_asked_for_each_encounter(stage: Stage) -> None:
    """A client that was taken off its list, say: three are tried, and the EHR is left alone for a while."""
    for number in range(10):
        stage.visit(f"e{number}")
        stage.write_note(f"d{number}", f"e{number}")
    settle(stage)
    stage.ehr.faults = [Fault("GET Encounter/", 403, times=-1)]
    report = stage.round()
    assert report.held_s > 0 and stage.ehr.calls.count("GET Encounter/e0") == 1
    assert sum(one.startswith("GET Encounter/") for one in stage.ehr.calls) == 3
    assert stage.standing() == {"found": 7, "ehr-refuses": 3}
    stage.ehr.faults = []
    stage.clock.pass_by(minutes=6)
    assert stage.round().taken == 10


def test_a_full_queue_stops_it_and_it_goes_on_where_it_stopped(stage: Stage) -> None:
    stage.limits = JobLimits(waiting=10)
    stage.__post_init__()
    for number in range(20):
        stage.visit(f"e{number}")
        stage.write_note(f"d{number}", f"e{number}")
    settle(stage)
    first = stage.round()
    assert (first.taken, first.is_full) == (8, True)  # the rest of the places is for callers
    while (jobs := [one for one in stage.open_jobs() if one.is_open]) or stage.clock.now.day == 4:
        for _ in jobs:
            stage.code_next()
        stage.clock.pass_by(minutes=1)
        report = stage.round()
        if not report.taken:
            break
    assert sorted(one.encounter for one in stage.open_jobs()) == sorted(f"Encounter/e{number}" for number in range(20))


# ----------------------------------------------------------------------------------------------- two of them, and sudden ends


def test_two_at_once_take_on_each_encounter_once(stage: Stage) -> None:
    """In turns at every step: one claims, the other looks, and what is no longer the caller's is not taken on."""
    for number in range(8):
        stage.visit(f"e{number}")
        stage.write_note(f"d{number}", f"e{number}")
    settle(stage)
    finder = stage.finder()
    finder.find(stage.discovery.ways[0], stage.client())
    finder.find(stage.discovery.ways[0], stage.client())
    first = stage.store.claim_due(TENANT, EHR, 5)
    second = stage.store.claim_due(TENANT, EHR, 5)
    assert len(first) == 5 and len(second) == 3 and not {one.key for one in first} & {one.key for one in second}
    stage.clock.pass_by(minutes=6)  # the first stalls for longer than its claims last
    third = stage.store.claim_due(TENANT, EHR, 50)
    assert len(third) == 8
    looker = stage.looker()
    assert [looker.look(stage.client(), one) for one in third] == [Cause.NEW] * 8
    assert [looker.look(stage.client(), one) for one in (*first, *second)] == [None] * 8
    assert len(stage.open_jobs()) == 8


def test_what_changed_while_it_was_looked_at_is_looked_at_again(stage: Stage) -> None:
    stage.visit()
    stage.round()
    stage.clock.pass_by(minutes=6)
    (one,) = stage.store.claim_due(TENANT, EHR, 5)
    stage.store.note(TENANT, EHR, [Found("e1")])  # a message came meanwhile
    stage.looker().look(stage.client(), one)
    assert len(stage.store.claim_due(TENANT, EHR, 5)) == 1


def test_a_job_and_the_version_that_it_is_for_stand_together_or_not_at_all(stage: Stage) -> None:
    stage.visit()
    stage.write_note()
    settle(stage)
    stage.finder().find(stage.discovery.ways[0], stage.client())
    (one,) = stage.store.claim_due(TENANT, EHR, 5)

    def dies(connection: Any, entry: Any) -> None:
        raise SystemExit("the process dies")

    looker = stage.looker()
    with pytest.raises(SystemExit):
        type(looker)(*(getattr(looker, name) if name != "append" else dies for name in looker.__dataclass_fields__)).look(
            stage.client(), one
        )
    assert stage.open_jobs() == []
    stage.clock.pass_by(minutes=6)
    assert stage.round().taken == 1
    assert len(stage.open_jobs()) == 1


KILLED = """
import sys, os
from pathlib import Path
from tests.discovery.stage import Clock, DatedEhr, Stage, configured
from datetime import timedelta
from tests.stores import store_in
folder = Path(sys.argv[1])
clock = Clock()
stage = Stage(clock, DatedEhr(clock), folder / "drop", configured(), store_in(folder))
for number in range(40):
    stage.visit(f"e{number}")
    stage.write_note(f"d{number}", f"e{number}")
clock.pass_by(minutes=16 + 6 * int(sys.argv[2]))
print("begins", flush=True)
stage.round()
print("through", flush=True)
"""


def test_killed_at_any_moment_it_takes_on_every_encounter_once(stage: Stage, tmp_path: Path) -> None:
    """SIGKILL after a while that grows from run to run, until one comes through; then every encounter has one job."""
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    for number in range(20):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path), str(number)], stdout=subprocess.PIPE, env=environment, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "begins\n"
        try:
            process.wait(0.05 * 1.6**number)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        said = process.stdout.read()
        process.stdout.close()
        process.wait()
        if process.returncode != -signal.SIGKILL:
            break
    assert number > 0 and said == "through\n"
    stage.clock.pass_by(days=1)
    assert sorted(one.encounter for one in stage.open_jobs()) == sorted(f"Encounter/e{one}" for one in range(40))
