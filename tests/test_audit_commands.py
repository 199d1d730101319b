"""The audit from the command line, as an operator uses it: whole or not, exported, reported, and every look at a patient written down."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest

from fhir_coder.audit.access import access_of
from fhir_coder.audit.entry import Action, Agent, AgentKind, AuditEntry, Success
from fhir_coder.cli import main
from fhir_coder.commands.retention import years_before
from fhir_coder.fhir.reader import read_json
from fhir_coder.store.start import Stores, open_stores
from tests.store.conftest import coding_result

CALLER = Agent(AgentKind.PERSON, "Practitioner/9", "https://auth.example", "=review()")


class Shop:
    """A store of its own for one test, and the command line on it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.database = folder / "store.sqlite"
        self._capsys = capsys

    def open(self) -> Stores:
        return open_stores(f"sqlite:///{self.database}", "")

    def fill(self) -> None:
        """Three calls, the second about another patient, and a coding of the first."""
        stores = self.open()
        for patient in ("Patient/p1", "Patient/p2", "Patient/p1"):
            stores.audit.record(
                AuditEntry(
                    "default", "view-review", Action.READ, Success.DONE, CALLER, patient, ("Encounter/e1",), "r-1", "192.0.2.7", "TREAT"
                )
            )
        result = coding_result("Encounter/e1")
        who = replace(result.intake.encounter, patient=replace(result.intake.encounter.patient, id="p1"))
        stores.repository.save("default", "main", replace(result, intake=replace(result.intake, encounter=who)))
        stores.close()

    def run(self, *arguments: object) -> tuple[int, str, str]:
        """Exit status, standard output, standard error."""
        status = main([str(one) for one in arguments])
        told = self._capsys.readouterr()
        return status, told.out, told.err

    def events(self) -> list[dict]:
        stores = self.open()
        try:
            return [json.loads(line.content) for line in stores.audit.lines("default")]
        finally:
            stores.close()

    def words(self) -> list[str]:
        return [one["subtype"][-1]["code"] for one in self.events()]

    def tamper(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.database)) as database:
            for statement in ("DROP TRIGGER audit_event_update", "DROP TRIGGER audit_event_delete", *statements):
                database.execute(statement)
            database.commit()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shop:
    made = Shop(tmp_path, capsys)
    monkeypatch.setenv("FHIR_CODER_DATABASE_URL", f"sqlite:///{made.database}")
    made.fill()
    return made


# ------------------------------------------------------------------------------------------------------------ verify and head


def test_a_whole_audit(shop: Shop) -> None:
    status, head, _ = shop.run("audit", "head")
    assert status == 0 and head.startswith("default 3:")
    anchor = head.split()[1]
    status, out, _ = shop.run("audit", "verify", "--head", anchor)
    assert (status, out) == (0, f"tenant default: 3 events, whole, head {anchor}\n")


def test_tampering_is_exit_status_1_and_named(shop: Shop) -> None:
    shop.tamper("UPDATE audit_event SET content = replace(content, 'Patient/p2', 'Patient/p3') WHERE sequence = 2")
    status, out, _ = shop.run("audit", "verify")
    assert status == 1 and "NOT WHOLE" in out and "event 2 was changed" in out


def test_a_cut_tail_needs_the_head_that_was_kept(shop: Shop) -> None:
    anchor = shop.run("audit", "head")[1].split()[1]
    shop.tamper("DELETE FROM audit_event WHERE sequence = 3")
    assert shop.run("audit", "verify")[0] == 0
    status, out, _ = shop.run("audit", "verify", "--head", anchor)
    assert status == 1 and "event 3 is missing" in out


@pytest.mark.parametrize("head", ["3", "3:abc", "x"])
def test_what_is_no_head_is_exit_status_2(shop: Shop, head: str) -> None:
    assert shop.run("audit", "verify", "--head", head)[0] == 2


# --------------------------------------------------------------------------------------------------------------------- export


def test_an_export_is_private_complete_audited_and_can_be_checked_alone(shop: Shop) -> None:
    file = shop.folder / "audit.ndjson"
    before = os.umask(0o777)
    try:
        status, _, err = shop.run("audit", "export", "--output", file)
    finally:
        os.umask(before)
    assert status == 0 and err.startswith("3 events") and stat.S_IMODE(file.stat().st_mode) == 0o600
    lines = file.read_bytes().splitlines()
    assert [read_json(line)["id"] for line in lines] == [one["id"] for one in shop.events()[:3]]
    for line, following in pairwise(lines):
        assert sha256(line).hexdigest() in following.decode()
    assert sha256(lines[-1]).hexdigest() in err
    assert shop.words()[-1] == "audit-export"
    assert shop.run("audit", "verify", "--file", file)[0] == 0
    file.write_bytes(b"\n".join([lines[0], lines[1].replace(b"p2", b"p3"), lines[2]]) + b"\n")
    assert shop.run("audit", "verify", "--file", file)[0] == 1


def test_an_export_never_takes_the_place_of_a_file(shop: Shop) -> None:
    file = shop.folder / "audit.ndjson"
    file.write_text("kept")
    link = shop.folder / "link"
    link.symlink_to(shop.folder / "nowhere")
    for path in (file, link):
        assert shop.run("audit", "export", "--output", path)[0] == 2
    assert file.read_text() == "kept" and not (shop.folder / "nowhere").exists() and len(shop.events()) == 3


def test_an_export_of_a_span(shop: Shop) -> None:
    file = shop.folder / "part.ndjson"
    assert shop.run("audit", "export", "--output", file, "--since", "2999-01-01")[0] == 0
    assert file.read_text() == ""
    assert (
        shop.run(
            "audit", "export", "--output", shop.folder / "all.ndjson", "--since", "2020-01-01", "--until", "2999-01-01T00:00:00+02:00"
        )[0]
        == 0
    )
    assert len((shop.folder / "all.ndjson").read_text().splitlines()) == 4
    with pytest.raises(SystemExit):
        shop.run("audit", "export", "--output", shop.folder / "x", "--since", "yesterday")


# ------------------------------------------------------------------------------------------------------------- access report


def test_the_report_says_who_when_what_and_why(shop: Shop) -> None:
    status, out, err = shop.run("audit", "patient", "p1")
    assert (status, err) == (0, "2 events\n")
    assert "view-review  done  Practitioner/9 by =review()" in out and "why: TREAT" in out and "192.0.2.7" in out
    assert "Patient/p2" not in out
    report = shop.events()[-1]
    assert (access_of(report).what, access_of(report).patient) == ("access-report", "Patient/p1")


def test_the_report_as_csv_holds_no_formula(shop: Shop) -> None:
    file = shop.folder / "report.csv"
    assert shop.run("audit", "patient", "Patient/p1", "--format", "csv", "--output", file)[0] == 0
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["who"], row["program"], row["why"]) for row in rows] == [("Practitioner/9", "'=review()", "TREAT")] * 2
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_report_as_audit_events(shop: Shop) -> None:
    out = shop.run("audit", "patient", "p2", "--format", "ndjson")[1]
    (line,) = out.splitlines()
    assert read_json(line.encode())["resourceType"] == "AuditEvent"


def test_a_report_that_cannot_be_written_down_shows_nothing(shop: Shop) -> None:
    with closing(sqlite3.connect(shop.database)) as database:
        database.execute("CREATE TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'full'); END")
    for command in (("audit", "patient", "p1"), ("trail", "Encounter/e1"), ("trail", "--latest", "3")):
        status, out, err = shop.run(*command)
        assert (status, out) == (2, "") and "FC301" in err


# ------------------------------------------------------------------------------------------------------- looks of an operator


def test_a_look_at_a_coding_is_written_down(shop: Shop) -> None:
    assert shop.run("trail", "Encounter/e1", "--words")[0] == 0
    assert shop.run("trail", "--latest", "5")[0] == 0
    shown, listed = map(access_of, shop.events()[-2:])
    assert (shown.what, shown.patient, shown.objects) == ("trail", "Patient/p1", "Encounter/e1")
    assert (listed.what, listed.objects) == ("list-codings", "Encounter/e1")
    assert shown.who and shown.who == listed.who


# ------------------------------------------------------------------------------------------------------------------ retention


def test_what_is_held_stays_and_what_is_not_goes(shop: Shop) -> None:
    assert shop.run("retention", "hold", "--patient", "p1", "--reason", "case 1")[0] == 0
    status, _, err = shop.run("retention", "delete", "--encounter", "e1", "--reason", "asked")
    assert status == 2 and "legal hold" in err
    assert "hold on Patient/p1" in shop.run("retention", "report")[1]
    assert shop.run("retention", "release", "--patient", "p1", "--reason", "over")[0] == 0
    assert shop.run("retention", "delete", "--encounter", "e1", "--reason", "asked")[1] == "1 codings of Encounter/e1 deleted\n"
    assert shop.words()[3:] == ["hold", "release-hold", "delete-codings"]
    assert shop.run("audit", "verify")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [("--reason", "x"), ("e1", "--patient", "p1", "--reason", "x"), ("e1", "--reason", " "), ("e1", "--reason", "x" * 300)],
    ids=["nobody", "both", "no reason", "a long reason"],
)
def test_a_hold_names_one_subject_and_a_reason(shop: Shop, arguments: tuple[str, ...]) -> None:
    assert shop.run("retention", "hold", *arguments)[0] == 2
    assert len(shop.events()) == 3


def test_time_takes_codings_and_events(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.tamper(
        "UPDATE coded_encounter SET created_at = '2001-01-01 00:00:00'",
    )
    monkeypatch.setenv("FHIR_CODER_CODING_YEARS", "7")
    assert "1 codings, 1 older than 7 years" in shop.run("retention", "apply", "--dry-run")[1]
    assert shop.run("retention", "apply")[1] == "tenant default: 1 codings and 0 audit events deleted\n"
    assert shop.words()[-1] == "expire-codings" and shop.run("audit", "verify")[0] == 0


def test_without_a_setting_codings_stay(shop: Shop) -> None:
    shop.tamper("UPDATE coded_encounter SET created_at = '1901-01-01 00:00:00'")
    assert shop.run("retention", "apply")[1] == "tenant default: 0 codings and 0 audit events deleted\n"


@pytest.mark.parametrize(
    ("moment", "years", "expected"), [("2026-05-04", 6, "2020-05-04"), ("2024-02-29", 6, "2018-02-28"), ("2024-02-29", 4, "2020-02-29")]
)
def test_years_are_those_of_the_calendar(moment: str, years: int, expected: str) -> None:
    assert years_before(datetime.fromisoformat(moment).replace(tzinfo=UTC), years).date().isoformat() == expected


# ---------------------------------------------------------------------------------------------------------------------- merge


def test_after_a_merge_the_report_of_one_tells_of_both(shop: Shop) -> None:
    assert shop.run("patient-merge", "--from", "p2", "--into", "p1", "--reason", "same person")[0] == 0
    out = shop.run("audit", "patient", "p1")[1]
    assert "Patient/p2" in out and out.count("view-review") == 3
    assert shop.run("patient-merge", "--from", "p2", "--into", "p1", "--reason", "a mistake", "--undo")[0] == 0
    assert shop.run("audit", "patient", "p1")[1].count("view-review") == 2
    assert shop.run("patient-merge", "--from", "p1", "--into", "p1", "--reason", "x")[0] == 2
