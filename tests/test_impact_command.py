"""``fhir-coder impact``: which passed and signed encounters a change affects, by what, and what billing has of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event

from fhir_coder.cli import main
from fhir_coder.exchange import Artifacts
from fhir_coder.model import Outcome
from fhir_coder.store import affected
from fhir_coder.store.affected import AffectedEncounters, Cause
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.engine import open_engine
from fhir_coder.store.repository import Repository
from fhir_coder.store.reviews import Checked, Maker
from fhir_coder.store.start import open_stores
from fhir_coder.worklist.decision import Act, Decision, Override, Someone, finding_name
from tests.billing.signing import version
from tests.store.conftest import (  # noqa: F401 - fixtures
    KEY,
    coding_result,
    database_url,
    shelf_of_postgresql,
)

ANNA = Maker(Someone("Practitioner/anna", "https://ehr.invalid", "Anna Abel"))
BLOCKED = finding_name("FCE-510", ("R05.9",))
Run = Callable[..., tuple[int, str, str]]


def result(encounter: str, model: str, outcome: Outcome = Outcome.REVIEW, lexicon: str = "1exic0n"):
    """A coding that an advisory of FCE120 is in, made with a model."""
    made = coding_result(encounter)
    versions = {"model": f"mini@{model}", "lexicon": lexicon, "ranker": "outpatient@ffff"}
    report = made.disposition.report
    report = replace(report, coded=replace(report.coded, versions=versions))
    return replace(made, disposition=replace(made.disposition, report=report, outcome=outcome), artifacts=Artifacts(release="4e1ea5e"))


def fill(url: str) -> dict[str, str]:
    """North: passed, signed with an override and billed, opened again after billing, and waiting; south: passed."""
    stores = open_stores(url, KEY)
    codings = {
        name: stores.repository.save("north", "main", result(f"Encounter/{name}", model, outcome))
        for name, model, outcome in (
            ("passed", "aaaa1", Outcome.PASS),
            ("signed", "aaaa1", Outcome.REVIEW),
            ("reopened", "bbbb1", Outcome.REVIEW),
            ("waiting", "aaaa1", Outcome.REVIEW),
        )
    }
    codings["south"] = stores.repository.save("south", "main", result("Encounter/south", "cccc1", Outcome.PASS, "0ther"))
    sign = Decision(Act.SIGN_OFF, overrides=(Override(BLOCKED, "finding-wrong"),))
    stores.reviews.decide("north", codings["signed"], 0, sign, ANNA, Checked(frozenset({BLOCKED})))
    stores.reviews.decide("north", codings["reopened"], 0, Decision(Act.SIGN_OFF), ANNA, Checked())
    stores.reviews.decide("north", codings["reopened"], 1, Decision(Act.REOPEN, reason="addendum"), ANNA, Checked())
    for name in ("signed", "reopened"):
        stores.outbox.hand_over(version(1, tenant="north", coding=codings[name], review=codings[name]), "billing")
    stores.close()
    return codings


@pytest.fixture
def url(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:  # noqa: F811
    monkeypatch.setenv("FHIR_CODER_DATABASE_URL", database_url)
    monkeypatch.setenv("FHIR_CODER_KEY", KEY)
    return database_url


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run_it(*arguments: str) -> tuple[int, str, str]:
        status = main(["impact", *arguments])
        told = capsys.readouterr()
        return status, told.out, told.err

    return run_it


def found(told: str) -> dict[str, dict]:
    return {one["encounter"].removeprefix("Encounter/"): one for one in map(json.loads, told.splitlines())}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("--model", "mini@aaaa"), {"passed", "signed"}),
        (("--model", "bbbb"), {"reopened"}),
        (("--model", "outpatient@ffff", "--tenant", "south"), {"south"}),
        (("--lexicon", "1exi"), {"passed", "signed", "reopened"}),
        (("--lexicon", "0ther"), {"south"}),
        (("--release", "4e1e"), {"passed", "signed", "reopened", "south"}),
        (("--edit", "FCE120", "--tenant", "north"), {"passed", "signed", "reopened"}),
        (("--edit", "FCE-510"), {"signed"}),
        (("--edit", "FCE-301"), set()),
    ],
)
def test_what_is_affected(url: str, run: Run, asked: tuple[str, ...], expected: set[str]) -> None:
    fill(url)
    status, told, count = run(*asked, "--format", "ndjson")
    assert (status, set(found(told)), count) == (0, expected, f"{len(expected)} encounters\n")


def test_a_line_tells_who_signed_and_what_billing_has(url: str, run: Run) -> None:
    codings = fill(url)
    lines = found(run("--edit", "FCE120", "--tenant", "north", "--format", "ndjson")[1])
    signed, passed, reopened = lines["signed"], lines["passed"], lines["reopened"]
    assert (signed["state"], signed["signed_by"], signed["coding"]) == ("signed", "Practitioner/anna", codings["signed"])
    assert (signed["codes"], signed["made_with"], signed["patient"]) == (["R05.9", "Q87.89"], ["advisory"], "Patient/p1")
    assert signed["billing"] == [{"destination": "billing", "version": 1, "state": "waiting"}]
    assert (passed["state"], passed["signed_by"], passed["billing"]) == ("passed", "", [])
    assert (reopened["state"], reopened["signed_by"], len(reopened["billing"])) == ("waiting", "", 1)
    assert found(run("--edit", "FCE-510", "--format", "ndjson")[1])["signed"]["made_with"] == ["overridden"]
    assert "billing: billing version 1 waiting" in run("--edit", "FCE-510")[1]
    assert "Anna Abel" not in run("--edit", "FCE120")[1]


def test_an_encounter_coded_again_names_the_later_coding(url: str, run: Run) -> None:
    fill(url)
    stores = open_stores(url, KEY)
    later = stores.repository.save("north", "main", result("Encounter/passed", "dddd1"))
    stores.close()
    assert found(run("--model", "aaaa1", "--format", "ndjson")[1])["passed"]["superseded_by"] == later


def test_what_nothing_was_made_with_is_an_error_that_lists_what_there_is(url: str, run: Run) -> None:
    fill(url)
    status, told, error = run("--model", "zzzz")
    assert (status, told) == (2, "") and "mini@aaaa1, mini@bbbb1, mini@cccc1, outpatient@ffff" in error
    assert run("--lexicon", "0ther", "--tenant", "north")[0] == 2
    assert run("--edit", "FCE-999")[0] == run("--release", " ")[0] == 2


def test_each_look_is_written_down_with_the_encounters(url: str, run: Run, tmp_path: Path) -> None:
    fill(url)
    target = tmp_path / "affected.csv"
    assert run("--model", "aaaa1", "--format", "csv", "--output", str(target))[:2] == (0, "")
    assert [row["encounter"] for row in csv.DictReader(target.read_text().splitlines())] == ["Encounter/passed", "Encounter/signed"]
    assert target.stat().st_mode & 0o777 == 0o600
    stores = open_stores(url, KEY)
    last = json.loads(list(stores.audit.lines("north"))[-1].content)
    stores.close()
    assert last["subtype"][-1]["code"] == "impact-report"
    assert {"Encounter/passed", "Encounter/signed"} <= {one["what"].get("reference") for one in last["entity"] if "what" in one}


@pytest.mark.parametrize(("cause", "values", "most"), [(Cause.RELEASE, ("2026-04-01",), 4), (Cause.EDIT, ("FCE120",), 6)])
def test_a_page_takes_the_same_few_statements_however_long_it_is(
    url: str, monkeypatch: pytest.MonkeyPatch, cause: Cause, values: tuple[str, ...], most: int
) -> None:
    open_stores(url, KEY).close()
    engine = open_engine(url)
    store, found_in = Repository(engine, Cipher(KEY)), AffectedEncounters(engine)
    codings = [store.save("north", "main", result(f"Encounter/{number}", "aaaa1", Outcome.PASS)) for number in range(7)]
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda c, cursor, sql, *_: seen.append(sql))
    counts = {}
    for size in (7, 3):
        monkeypatch.setattr(affected, "PAGE", size)
        seen.clear()
        pages = list(found_in.pages("north", cause, values))
        assert [one.coding for page in pages for one in page] == codings
        counts[len(pages)] = sum(sql.lstrip().startswith("SELECT") for sql in seen)
    engine.dispose()
    assert counts[1] <= most and counts[3] - counts[1] == 2 * (counts[1] - 1)
