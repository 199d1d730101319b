"""Way export: a Group is exported step by step, what is new or changed in it is watched, and the mark moves when everything was taken in."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fhir_coder.audit.entry import AuditEntry
from fhir_coder.bulk.export_steps import read_state
from fhir_coder.bulk.folder import held
from fhir_coder.discovery.group_export import AT_ONCE, GroupExport
from fhir_coder.discovery.round import Report
from fhir_coder.ehr.access import StaticToken
from fhir_coder.ehr.bulk_server import BulkServer
from fhir_coder.ehr.retry import RetryPolicy
from fhir_coder.outbound.session import open_session
from fhir_coder.tenant_settings import EhrSettings, rule_of
from tests.bulk.bulk_ehr import BulkEhr
from tests.discovery.stage import EHR, TENANT, Stage, configured
from tests.ehr.guarded_ehr import Canned, serving
from tests.simulated_ehr import Fault, Resource

TIME = "2026-05-04T09:00:00.000Z"
"""The transactionTime of the exports here."""


class Exporter:
    """Way export of the stage's EHR, over a socket, and its rounds."""

    def __init__(self, stage: Stage, ehr: BulkEhr, folder: Path) -> None:
        self.stage, self.ehr, self.folder = stage, ehr, folder
        self.recorded: list[AuditEntry] = []
        settings = EhrSettings(EHR, ehr.base, timeout_s=2, token="fixed")
        session = open_session(rule_of(settings))
        self.server = BulkServer(settings, session, StaticToken("fixed"), lambda seconds: None, RetryPolicy(attempts=1))
        ehr.live.add("fixed")
        ehr.manifest = {"transactionTime": TIME}

    def export(self, **changes: Any) -> GroupExport:
        """Made anew each time, as by a process that was started again."""
        (way,) = (one for one in self.stage.discovery.ways if one.name == "export")
        made = GroupExport(TENANT, EHR, way, 30, self.stage.store, lambda: self.server, self.folder, self.recorded.append, self.stage.clock)
        return replace(made, **changes)

    def round(self, **changes: Any) -> Report:
        return self.stage.round(export=self.export(**changes))

    def holds(self, *resources: Resource, **files: bytes) -> None:
        """What the next export has in it."""
        self.ehr.files = {}
        for one in resources:
            kind, content = self.ehr.files.get(one["resourceType"], (one["resourceType"], b""))
            self.ehr.files[kind] = (kind, content + json.dumps(one).encode() + b"\n")
        self.ehr.files |= {name: (name, content) for name, content in files.items()}

    def taken_in(self, rounds: int = 8) -> list[Report]:
        """Rounds until no export is under way."""
        reports = []
        for _ in range(rounds):
            reports.append(self.round())
            if not (self.folder / "export.json").exists():
                return reports
            self.stage.clock.pass_by(minutes=1)
        raise AssertionError("the export does not come to its end")

    def mark(self) -> str:
        return self.stage.store.mark(TENANT, EHR, "export").mark


@pytest.fixture
def exporter(stage: Stage, tmp_path: Path) -> Iterator[Exporter]:
    stage.discovery = configured({"way": "export", "group": "g1", "every_minutes": 60})
    ehr = BulkEhr(inside=stage.ehr)
    with serving(ehr):
        yield Exporter(stage, ehr, tmp_path / "exports")


def held_of(stage: Stage, *kinds: str) -> list[Resource]:
    return [one for kind in kinds for one in stage.ehr.held(kind)]


def test_what_an_export_tells_of_becomes_jobs_read_from_the_ehr_itself(exporter: Exporter) -> None:
    stage = exporter.stage
    stage.visit()
    stage.write_note()
    exporter.holds(*held_of(stage, "Encounter", "DocumentReference"))
    stage.clock.pass_by(minutes=16)
    exporter.ehr.polls = [Canned(202), Canned(202, b"", {"Retry-After": "90"})]
    reports = exporter.taken_in()
    assert [one.found for one in reports] == [0] * (len(reports) - 1) + [1]
    assert sum(one.taken for one in reports) == 1 and not any(one.problems for one in reports)
    ((path, query, prefer),) = exporter.ehr.kick_offs
    assert (path, prefer) == ("/fhir/Group/g1/$export", "respond-async")
    assert query["_since"] == ["2026-05-03T09:16:00+00:00"] and query["_type"] == ["Encounter,DocumentReference"]
    assert exporter.mark() == TIME and exporter.ehr.deleted
    assert sorted(one.name for one in exporter.folder.iterdir()) == ["lock"]  # nothing of the patients stays
    assert [(one.event, one.detail["group"]) for one in exporter.recorded] == [("bulk-export", "g1")]
    assert "GET Encounter/e1" in stage.ehr.calls


def test_the_next_export_is_asked_for_in_its_time_and_from_where_the_last_one_ended(exporter: Exporter) -> None:
    exporter.taken_in()
    exporter.stage.clock.pass_by(minutes=50)
    exporter.round()
    assert len(exporter.ehr.kick_offs) == 1
    exporter.stage.clock.pass_by(minutes=10)
    exporter.taken_in()
    assert [query["_since"] for _, query, _ in exporter.ehr.kick_offs][1:] == [[TIME]]


def test_an_ehr_that_wants_no_export_now_is_asked_for_it_when_it_says_and_the_other_ways_go_on(exporter: Exporter) -> None:
    stage = exporter.stage
    stage.discovery = configured({"way": "export", "group": "g1"}, {"way": "updated"})
    stage.visit()
    stage.write_note()
    stage.clock.pass_by(minutes=16)
    exporter.ehr.canned["/fhir/Group/g1/$export"] = [Canned(429, b"", {"Retry-After": "7200"})]
    report = exporter.round()
    assert (report.taken, report.held_s) == (1, 0)
    assert [one for one in report.problems if one.endswith("the export goes on in 7200 s")]
    stage.clock.pass_by(minutes=119)
    exporter.round()
    assert exporter.ehr.kick_offs == []
    stage.clock.pass_by(minutes=1)
    exporter.round()
    assert len(exporter.ehr.kick_offs) == 1


def test_the_job_is_asked_after_no_sooner_than_the_ehr_says(exporter: Exporter) -> None:
    exporter.ehr.polls = [Canned(429, b"", {"Retry-After": "600"})]
    exporter.round()
    exporter.stage.clock.pass_by(seconds=5)
    exporter.round()
    exporter.stage.clock.pass_by(seconds=599)
    exporter.round()
    assert [path for path, _ in exporter.ehr.seen].count("/jobs/7f3c") == 1
    exporter.stage.clock.pass_by(seconds=1)
    exporter.round()
    assert exporter.mark() == TIME


def test_an_ehr_that_fails_is_asked_after_longer_and_longer(exporter: Exporter) -> None:
    exporter.ehr.canned["/fhir/Group/g1/$export"] = [Canned(500)] * 4
    waits = []
    for _ in range(4):
        exporter.round()
        state = read_state(exporter.folder)
        assert state is not None
        waits.append(state.ask_at_s - int(exporter.stage.clock.seconds()))
        exporter.stage.clock.pass_by(seconds=waits[-1])
    assert waits == [5, 10, 20, 40]


@pytest.mark.parametrize("where", ["the job", "a file"])
def test_an_export_that_is_gone_is_asked_for_again_from_the_same_moment(exporter: Exporter, where: str) -> None:
    exporter.stage.visit()
    exporter.holds(*held_of(exporter.stage, "Encounter"))
    if where == "the job":
        exporter.ehr.polls = [Canned(410)]
    else:
        exporter.ehr.canned["/files/Encounter"] = [Canned(404)]
    reports = exporter.taken_in()
    assert len([one for report in reports for one in report.problems if "the export goes on in" in one]) == 1
    first, second = exporter.ehr.kick_offs
    assert first == second and exporter.mark() == TIME and exporter.stage.standing() == {"no-note": 1}


def test_an_export_without_end_is_given_up_after_two_days(exporter: Exporter) -> None:
    exporter.ehr.polls = [Canned(202)] * 100
    for _ in range(52):
        exporter.round()
        exporter.stage.clock.pass_by(hours=1)
    assert len(exporter.ehr.kick_offs) == 2 and exporter.ehr.deleted and exporter.mark() == ""


def test_a_process_that_dies_while_it_takes_in_takes_in_all_of_it_another_time(exporter: Exporter) -> None:
    stage = exporter.stage
    stage.visit()
    stage.write_note()
    exporter.holds(*held_of(stage, "Encounter", "DocumentReference"))

    class Dies:
        mark = stage.store.mark
        awaited = stage.store.awaited

        def note(self, tenant: str, ehr: str, found: list[Any], way: str = "", mark: Any = None) -> int:
            if mark is not None:
                raise SystemExit("the process dies")
            return stage.store.note(tenant, ehr, found)

    exporter.round(store=Dies())
    stage.clock.pass_by(minutes=1)
    with pytest.raises(SystemExit):
        exporter.round(store=Dies())
    assert exporter.mark() == "" and (exporter.folder / "export" / "0000.Encounter.ndjson").exists()
    exporter.taken_in()
    assert exporter.mark() == TIME and len(exporter.ehr.kick_offs) == 1
    assert stage.standing() == {"settling": 1}


def test_two_processes_do_not_take_in_the_same_export(exporter: Exporter) -> None:
    exporter.round()
    with held(exporter.folder):
        exporter.stage.clock.pass_by(minutes=5)
        assert exporter.round().problems == []
        assert exporter.mark() == ""
    exporter.round()
    assert exporter.mark() == TIME


def test_two_machines_with_folders_of_their_own_take_on_each_encounter_once_and_skip_none(exporter: Exporter, tmp_path: Path) -> None:
    """Each makes an export of the same Group, in turns at every step; the one that ends last has the older one, and the days after it are exported again."""
    stage = exporter.stage
    stage.visit()
    stage.write_note()
    exporter.holds(*held_of(stage, "Encounter", "DocumentReference"))
    stage.clock.pass_by(minutes=16)
    other = tmp_path / "other"
    exporter.round()
    exporter.round(folder=other)
    assert len(exporter.ehr.kick_offs) == 2
    stage.clock.pass_by(minutes=1)
    exporter.ehr.polls = [Canned(202, b"", {"Retry-After": "60"})]
    exporter.round(folder=other)
    exporter.ehr.manifest = {"transactionTime": "2026-05-04T09:16:30Z"}
    exporter.round()
    assert exporter.mark() == "2026-05-04T09:16:30Z" and len(stage.open_jobs()) == 1
    stage.clock.pass_by(minutes=1)
    exporter.ehr.manifest = {"transactionTime": TIME}
    exporter.round(folder=other)
    assert exporter.mark() == TIME and len(stage.open_jobs()) == 1
    for folder in (exporter.folder, other):  # both see that the next one is not due
        exporter.round(folder=folder)
    assert len(exporter.ehr.kick_offs) == 2
    stage.clock.pass_by(hours=1)
    exporter.taken_in()
    assert exporter.ehr.kick_offs[-1][1]["_since"] == [TIME] and len(stage.open_jobs()) == 1


def test_an_encounter_that_a_document_names_is_read_to_know_of_what_day_it_is(exporter: Exporter) -> None:
    """Only the document changed: of a visit of last week, of one of years ago, and of one that the EHR does not know."""
    stage = exporter.stage
    stage.visit("week", period={"start": "2026-04-28T08:00:00Z"})
    stage.visit("years", period={"start": "2020-04-28T08:00:00Z"})
    for name in ("week", "years", "gone"):
        stage.write_note(f"d-{name}", name)
    exporter.holds(*held_of(stage, "DocumentReference"))
    stage.clock.pass_by(minutes=16)
    reports = exporter.taken_in()
    assert reports[-1].found == 1 and [one.encounter for one in stage.open_jobs()] == ["Encounter/week"]


def test_an_old_visit_that_somebody_corrects_is_not_taken_up(exporter: Exporter) -> None:
    exporter.stage.visit(period={"start": "2020-04-28T08:00:00Z"})
    exporter.stage.write_note()
    exporter.holds(*held_of(exporter.stage, "Encounter", "DocumentReference"))
    exporter.taken_in()
    assert exporter.stage.standing() == {} and exporter.mark() == TIME


def test_an_ehr_that_throttles_the_reading_is_left_alone_and_nothing_is_read_twice(exporter: Exporter) -> None:
    stage, many = exporter.stage, AT_ONCE + 20
    for number in range(many):
        stage.visit(f"e{number}")
        stage.write_note(f"d{number}", f"e{number}")
    exporter.holds(*held_of(stage, "DocumentReference"))
    stage.ehr.faults = [Fault("GET Encounter/", 429, after=AT_ONCE + 10, headers={"Retry-After": "60"})]
    exporter.round()
    stage.clock.pass_by(minutes=1)
    assert exporter.round().held_s == 60
    assert exporter.mark() == "" and sum(stage.standing().values()) == AT_ONCE
    stage.clock.pass_by(minutes=2)
    exporter.taken_in()
    assert exporter.mark() == TIME and sum(stage.standing().values()) == many and len(exporter.ehr.kick_offs) == 1


def test_lines_that_cannot_be_read_are_told_and_the_rest_is_taken_in(exporter: Exporter) -> None:
    stage = exporter.stage
    stage.visit()
    good = json.dumps(stage.ehr.held("Encounter")[0]).encode()
    exporter.holds(Encounter=b"{torn\n" + good + b'\n{"resourceType": "Encounter", "id": "../x"}\n')
    exporter.ehr.manifest |= {"error": [{"type": "OperationOutcome", "url": "x"}]}
    report = exporter.taken_in()[-1]
    assert report.found == 1
    told = "an export was taken in, but 2 lines could not be read and the EHR says that it could not export everything (1 files of errors)"
    assert report.problems == [f"way export: {told}"]


@pytest.mark.parametrize("period", ["null", "7", '["x"]', '{"start": null}', '{"end": 20260504}', '{"start": "2026-05-04", "end": null}'])
def test_a_line_with_a_period_of_another_kind_does_not_end_the_rounds(exporter: Exporter, period: str) -> None:
    """No strict reader has seen an export: a null in it is of that line, and the other ways go on."""
    exporter.stage.visit()
    good = json.dumps(exporter.stage.ehr.held("Encounter")[0]).encode()
    exporter.holds(Encounter=b'{"resourceType": "Encounter", "id": "odd", "period": ' + period.encode() + b"}\n" + good + b"\n")
    report = exporter.taken_in()[-1]
    assert report.problems == ["way export: an export was taken in, but 1 lines could not be read"]
    assert report.found == 1 and exporter.mark() == TIME


@pytest.mark.parametrize("time", ["", "yesterday", "2999-01-01T00:00:00Z", "2026-05-04T09:00:00Z&_type=Patient"])
def test_a_moment_that_cannot_be_is_not_believed(exporter: Exporter, time: str) -> None:
    exporter.ehr.manifest = {"transactionTime": time}
    began = exporter.stage.clock.now
    exporter.taken_in()
    assert datetime.fromisoformat(exporter.mark()) == began - timedelta(hours=1)


def test_an_export_of_another_group_is_left(exporter: Exporter) -> None:
    exporter.round()
    exporter.stage.discovery = configured({"way": "export", "group": "g2"})
    exporter.taken_in()
    assert [path for path, _, _ in exporter.ehr.kick_offs] == ["/fhir/Group/g1/$export", "/fhir/Group/g2/$export"]


def test_files_on_another_host_are_not_fetched(exporter: Exporter) -> None:
    exporter.ehr.elsewhere = "http://192.0.2.7"
    exporter.holds({"resourceType": "Encounter", "id": "e1"})
    exporter.round()
    exporter.stage.clock.pass_by(minutes=1)
    (problem,) = exporter.round().problems
    assert "lies on another host" in problem and exporter.mark() == "" and not exporter.stage.standing()


def test_a_folder_that_cannot_be_used_is_told(exporter: Exporter) -> None:
    exporter.folder.write_text("a file")
    (problem,) = exporter.round().problems
    assert "cannot be made or read" in problem and not exporter.ehr.kick_offs


def test_what_cannot_be_written_down_is_not_asked_for(exporter: Exporter) -> None:
    exporter.folder.mkdir()
    (exporter.folder / "lock").touch()
    (exporter.folder / "export.json.partial").mkdir()
    (problem,) = exporter.round().problems
    assert problem == "way export: the folder of exports cannot be used (IsADirectoryError)" and not exporter.ehr.kick_offs


def test_a_file_that_is_refused_for_two_days_has_another_export_asked_for(exporter: Exporter) -> None:
    exporter.holds({"resourceType": "Encounter", "id": "e1", "period": {"start": "2026-05-04T08:00:00Z"}})
    exporter.ehr.canned["/files/Encounter"] = [Canned(403)] * 100
    for _ in range(52):
        exporter.round()
        exporter.stage.clock.pass_by(hours=1)
    assert len(exporter.ehr.kick_offs) == 2 and exporter.mark() == ""


def test_what_was_asked_last_is_over_before_the_process_ends(exporter: Exporter) -> None:
    """It is told to end while it reads: nothing more is read, and the mark stays."""
    stage, over = exporter.stage, threading.Event()
    stage.visit()
    stage.write_note()
    exporter.holds(*held_of(stage, "DocumentReference"))
    exporter.round()
    stage.clock.pass_by(minutes=1)
    over.set()
    assert exporter.export().advance(stage.client(), over).found == 0
    assert exporter.mark() == "" and "GET Encounter/e1" not in stage.ehr.calls
