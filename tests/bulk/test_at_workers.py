"""Encounters of a run that workers code: each has one coding and one set of lines, whatever fails when, and the run never asks twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.bulk import collecting, piece
from fhir_coder.bulk.ended import End, Ended
from fhir_coder.bulk.of_workers import Ask
from fhir_coder.bulk.parts import Part
from fhir_coder.errors import ConfigurationError, EhrUnavailable, ResourceUnknown, Uncodable, WorkerLost
from fhir_coder.jobs.job import Caller, JobLimits, Priority, State
from fhir_coder.store.run_jobs import SHARE
from tests.bulk.at_workers import Site, jobs_by_state
from tests.bulk.crashing import TENANT
from tests.bulk.exports import encounter, lines_of, note, small_export, write
from tests.store.conftest import MARKER

Make = Callable[..., Site]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else is at work whom a run would have to wait for."""
    monkeypatch.setattr(collecting, "LOOKS_S", 0.0)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Site] = []

    def site(count: int = 6, **given: Any) -> Site:
        made.append(Site(tmp_path, small_export(tmp_path / "in", range(count)), **given))
        return made[-1]

    yield site
    for one in made:
        one.stores.close()


def ids(count: int) -> list[str]:
    return [f"e{number}" for number in range(count)]


def events(site: Site, subtype: str = "code-encounter") -> list[dict[str, str]]:
    """The details of entries in the audit."""
    found = [json.loads(line.content) for line in site.stores.audit.lines(TENANT)]
    return [
        {detail["type"]: detail["valueString"] for entity in one["entity"] for detail in entity.get("detail", ())}
        for one in found
        if one["subtype"][-1]["code"] == subtype
    ]


def test_every_encounter_comes_back_once_and_no_more_are_out_than_may(make: Make) -> None:
    out: list[int] = []
    site = make(11)

    def between() -> None:
        out.append(len(site.stores.jobs.entries(TENANT)))
        site.work.do_next()

    site.between = between
    report = site.run()
    assert (report["coded"], report["left"], report["lastCall"]["encounters"], report["lastCall"]["processes"]) == (11, 0, 11, 0)
    assert max(out) == site.window
    site.require_once(*ids(11))
    (run,) = {one["run"] for one in events(site)}
    assert run == report["run"] and len(events(site)) == 11
    assert site.run()["lastCall"]["encounters"] == 0


def test_lines_are_those_of_a_local_run(make: Make, tmp_path: Path) -> None:
    site = make(5)
    write(site.export / "more.ndjson", encounter(7), encounter(8), note(8, status=MARKER))
    site.engine.errors = {"e2": Uncodable("no note is signed", expression=("Encounter",))}
    site.run()
    at_workers = {kind: sorted(map(json.dumps, lines_of(site.out, kind))) for kind in ("Condition", "OperationOutcome")}
    site.out = tmp_path / "local"
    report = site.run(at_workers=False)
    assert {kind: sorted(map(json.dumps, lines_of(site.out, kind))) for kind in at_workers} == at_workers
    assert report["failures"] == {"FC102": 1, "FC113": 1} and MARKER not in "".join(at_workers["OperationOutcome"])


@pytest.mark.parametrize("error", [ZeroDivisionError(MARKER), EhrUnavailable("away")], ids=lambda one: type(one).__name__)
def test_what_was_given_up_is_on_record_and_tried_again_when_the_run_goes_on(make: Make, error: Exception) -> None:
    site = make(3)
    site.engine.errors = {"e1": error}
    report = site.run()
    code = getattr(error, "code", "FC000")
    assert (report["coded"], report["again"], report["triedAgainLater"], report["left"]) == (2, 1, {code: 1}, 1)
    assert sorted(one.get("error", "") for one in events(site)) == ["", "", code]
    assert site.stores.jobs.entries(TENANT) == ()
    site.engine.errors = {}
    assert site.run()["coded"] == 3
    site.require_once(*ids(3))


def test_a_worker_that_lacks_the_ehr_leaves_it_to_another(make: Make) -> None:
    site = make(1, limits=JobLimits())
    site.engine.errors = {"e0": ConfigurationError("tenant north has no EHR main")}
    site.between = lambda: site.work.do_next()
    with pytest.raises(KeyboardInterrupt):
        site.run(jobs=Stopping(site.stores.run_jobs, "ended", 3))
    assert list(jobs_by_state(site)) == [("Encounter/e0", "waiting")]


def test_what_an_operator_takes_back_is_tried_again_and_what_is_coded_cannot_be_dropped(make: Make) -> None:
    site, states = make(2), []

    def between() -> None:
        site.work.do_next()
        for job in site.stores.jobs.entries(TENANT):
            states.append((job.state, site.stores.jobs.drop(TENANT, job.id)))

    site.between = between
    report = site.run()
    assert sorted(states, key=lambda one: one[0].value) == [(State.DONE, False), (State.WAITING, True)]
    assert (report["coded"], report["triedAgainLater"]) == (1, {"FC502": 1})
    site.between = None
    site.run()
    site.require_once(*ids(2))


def test_who_does_a_job_that_was_taken_back_meanwhile_keeps_nothing(make: Make) -> None:
    site = make(1, limits=JobLimits())
    site.engine.during = lambda: site.stores.jobs.drop(TENANT, site.stores.jobs.entries(TENANT)[0].id)
    report = site.run()
    assert (report["triedAgainLater"], dict(site.codings())) == ({"FC502": 1}, {})


def test_a_full_queue_is_waited_for_and_callers_have_their_places(make: Make) -> None:
    site = make(3, limits=JobLimits(waiting=10, attempts=1))
    for number in range(int(10 * SHARE)):
        site.stores.jobs.add(TENANT, Caller("someone", str(number)), "{}", "", Priority.INTERACTIVE)
    rooms: list[int] = []

    class Watched(Stopping):
        def room(self, tenant: str) -> int:
            rooms.append(site.stores.run_jobs.room(tenant))
            if len(rooms) == 5:
                site.stores.jobs.drop(TENANT, site.stores.jobs.entries(TENANT)[0].id)
            return rooms[-1]

    site.between = lambda: _work_off_run(site)
    assert site.run(jobs=Watched(site.stores.run_jobs, "", 0))["coded"] == 3
    assert rooms[:5] == [0] * 5 and set(rooms[5:]) == {1}
    assert len(site.stores.jobs.entries(TENANT, (State.WAITING,))) == int(10 * SHARE) - 1, "those of others wait on"


def _work_off_run(site: Site) -> None:
    for job in site.stores.jobs.entries(TENANT):
        if job.run:
            site.work.do(job.id)


def test_more_than_may_be_handed_over_is_refused(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    site = make(2)
    monkeypatch.setattr(piece, "LARGEST", 100)
    report = site.run()
    assert (report["coded"], report["failures"]) == (0, {"FC121": 2})
    assert all("more than 100 bytes" in one for (one,) in site.told_of().values())


def test_no_more_is_held_at_once_than_may_be(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scanned documents are large: as many jobs as there is room for would be gigabytes."""
    monkeypatch.setattr(collecting, "BYTES_AT_ONCE", 1)
    site, asked = make(5), []

    class Watched(Stopping):
        def take_on(self, tenant: str, run: str, asks: Sequence[Ask]) -> int:
            asked.append(len(asks))
            return site.stores.run_jobs.take_on(tenant, run, asks)

    assert site.run(jobs=Watched(site.stores.run_jobs, "", 0))["coded"] == 5
    assert asked == [1] * 5
    site.require_once(*ids(5))


def test_a_silence_is_told(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    site = make(2)
    monkeypatch.setattr(collecting, "SILENT_S", -1.0)
    site.between = lambda: None
    site.told = Told(site.work_off)  # type: ignore[assignment]
    assert site.run()["coded"] == 2
    assert "2 are at the workers; is fhir-coder worker running" in site.told[0]


class Told(list[str]):
    """Does something at the first sentence."""

    def __init__(self, then: Callable[[], object]) -> None:
        super().__init__()
        self._then = then

    def append(self, sentence: str) -> None:
        super().append(sentence)
        self._then()


# --------------------------------------------------------------------------------------------------------- what fails on the way


class Stopping:
    """The jobs of a run, or their ends: one method is the last that is called, when it is called for the n-th time, before it does anything or after it."""

    def __init__(self, real: Any, name: str, times: int, after: bool = False, error: BaseException | None = None) -> None:
        self._real, self._name, self._times, self._after, self._error = real, name, times, after, error

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._real, name)
        return self._stop(method) if name == self._name else method

    def _stop(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def stopping(*given: Any) -> Any:
            self._times -= 1
            if self._times == 0 and not self._after:
                raise self._error or KeyboardInterrupt
            found = method(*given)
            if self._times == 0:
                raise self._error or KeyboardInterrupt
            return found

        return stopping


KILLS = [
    ("jobs", "encounters", 1, True),
    ("jobs", "take_on", 1, False),
    ("jobs", "take_on", 1, True),
    ("jobs", "take_on", 2, True),
    ("jobs", "ended", 2, True),
    ("ends", "writing", 2, False),
    ("ends", "record", 2, False),
    ("ends", "record", 3, True),
    ("jobs", "forget", 1, True),
]


@pytest.mark.parametrize("error", [None, RuntimeError("the line is cut")], ids=["killed", "failed"])
@pytest.mark.parametrize(("whose", "name", "times", "after"), KILLS)
def test_whatever_stops_the_run_it_asks_once_and_writes_once(
    make: Make, whose: str, name: str, times: int, after: bool, error: Exception | None
) -> None:
    site = make(10)
    real = {"jobs": site.stores.run_jobs, "ends": site.stores.bulk_ends}[whose]
    changes = {whose: Stopping(real, name, times, after, error)}
    if error:
        assert site.run(**changes)["coded"] == 10
    else:
        with pytest.raises(KeyboardInterrupt):
            site.run(**changes)
        assert site.run()["coded"] == 10
    site.require_once(*ids(10))


@pytest.mark.parametrize("is_kept", [False, True])
def test_a_transaction_of_which_nobody_knows_whether_it_was_kept(make: Make, is_kept: bool) -> None:
    site = make(6)
    real = site.stores.bulk_ends

    class Cut(Stopping):
        """The line to the store is cut when the second transaction ends: before the store has kept it, or after."""

        @contextmanager
        def writing(self) -> Iterator[Any]:
            self._times -= 1
            with real.writing() as connection:
                yield connection
                if self._times == 0 and not is_kept:
                    raise OSError("the line is cut")
            if self._times == 0:
                raise OSError("the line is cut")

    report = site.run(ends=Cut(real, "", 2))
    assert report["coded"] == 6
    site.require_once(*ids(6))


def test_a_disk_that_is_full_for_a_while(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    site, write_, left = make(6), Part.write, [2]

    def full(part: Part, lines: Any) -> None:
        left[0] -= 1
        if left[0] >= 0:
            write_(part, [{kind: content[:20] for kind, content in one.items()} for one in lines])
            raise OSError("No space left on device")
        write_(part, lines)

    monkeypatch.setattr(Part, "write", full)
    assert site.run()["coded"] == 6
    site.require_once(*ids(6))
    assert not (site.out / "Condition.0.ndjson").exists(), "the part that is in doubt was cut off"


def test_what_fails_again_and_again_ends_the_run_and_loses_nothing(make: Make) -> None:
    class Away(Stopping):
        def ended(self, *given: Any) -> Any:
            raise RuntimeError(MARKER)

    site = make(4)
    with pytest.raises(WorkerLost, match="again and again, RuntimeError;"):
        site.run(jobs=Away(site.stores.run_jobs, "", 0))
    assert site.run()["coded"] == 4
    site.require_once(*ids(4))


def test_a_run_goes_on_without_workers(make: Make) -> None:
    """One was coded and not taken yet, one is being done, others wait: what is done is taken, the rest is coded here, and who was at it keeps nothing."""
    site, reports = make(4, limits=JobLimits()), []
    site.between = lambda: site.work.do_next()
    with pytest.raises(KeyboardInterrupt):
        site.run(jobs=Stopping(site.stores.run_jobs, "ended", 2, after=True))

    def goes_on_alone() -> None:
        site.engine.during = lambda: None
        assert sorted(state for _, state in jobs_by_state(site)) == ["done", "running", "waiting", "waiting"]
        reports.append(site.run(at_workers=False))

    site.engine.during = goes_on_alone
    site.work.do_next()
    assert reports[0]["coded"] == 4
    site.require_once(*ids(4))


def test_a_coding_that_is_deleted_before_it_is_taken_is_not_made_again(make: Make) -> None:
    site = make(1)

    def between() -> None:
        site.work_off()
        for kept in site.stores.repository.recent(TENANT, 9):
            assert site.stores.deletion.delete(TENANT, kept.encounter_reference, "", "asked for", Agent(AgentKind.OPERATOR, "test"))

    site.between = between
    report = site.run()
    assert (report["coded"], report["left"], dict(site.codings()), lines_of(site.out, "Condition")) == (1, 0, {}, [])
    assert site.stores.jobs.entries(TENANT) == () and site.run()["lastCall"]["encounters"] == 0


def test_an_encounter_that_ended_otherwise_is_taken_by_nobody(make: Make) -> None:
    """It cannot come about, as a folder is of one run at a time: should it, the others are taken all the same."""
    site = make(3)

    def between() -> None:
        site.work_off()
        for job in site.stores.jobs.entries(TENANT):
            if job.encounter == "Encounter/e1":
                with site.stores.bulk_ends.writing() as connection:
                    site.stores.bulk_ends.record(connection, TENANT, job.run, Ended(job.encounter, "", End.FAILED, "FC113"))

    site.between = between
    report = site.run()
    assert (report["coded"], report["failures"], report["left"]) == (2, {"FC113": 1}, 0)
    assert sorted(site.told_of()) == ["Encounter/e0", "Encounter/e2"] and site.stores.jobs.entries(TENANT) == ()


def test_an_operator_lets_a_dead_one_go_on_while_no_run_is_at_work(make: Make) -> None:
    site = make(1)
    site.engine.errors = {"e0": ZeroDivisionError()}
    with pytest.raises(KeyboardInterrupt):
        site.run(jobs=Stopping(site.stores.run_jobs, "ended", 2))
    (job,) = site.stores.jobs.entries(TENANT, (State.DEAD,))
    site.engine.errors = {}
    site.stores.jobs.try_again(TENANT, job.id)
    site.work_off()
    assert site.run()["coded"] == 1
    site.require_once("e0")
    with pytest.raises(ResourceUnknown):
        site.stores.jobs.try_again(TENANT, job.id)
