"""Every edit fires and stays silent as its case file says; one file for each edit, at least two cases of either kind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fhir_coder.edits.registry import Edit, all_edits
from fhir_coder.edits.run import check_codes
from tests.each import for_each

CASES = Path(__file__).parent / "cases"


def rows(kind: str) -> list:
    """The cases of one kind over all files."""
    found = []
    for path in sorted(CASES.glob("*.json")):
        edit = next(edit for edit in all_edits() if edit.id == path.stem)
        found += [pytest.param(edit, row, id=f"{edit.id}-{row['why']}") for row in json.loads(path.read_text(encoding="utf-8"))[kind]]
    return found


def test_every_edit_has_its_cases_and_no_file_is_left_over() -> None:
    assert {path.stem for path in CASES.glob("*.json")} == {edit.id for edit in all_edits()}


@for_each("edit", all_edits(), ids=lambda edit: edit.id)
def test_there_are_two_cases_of_either_kind(edit: Edit) -> None:
    cases = json.loads((CASES / f"{edit.id}.json").read_text(encoding="utf-8"))
    assert cases["name"] == edit.name
    assert len(cases["fires"]) >= 2
    assert len(cases["silent"]) >= 2


@for_each("edit, row", rows("fires"))
def test_fires(edit: Edit, row: dict, build_case) -> None:
    findings, not_run = check_codes(build_case(row), {}, [edit])
    assert not_run == ()
    assert [list(finding.codes) for finding in findings] == row["expect"]
    assert {(finding.edit, finding.name, finding.severity) for finding in findings} == {(edit.id, edit.name, edit.severity)}
    for text in row.get("says", ()):
        assert any(text in finding.detail for finding in findings)


@for_each("edit, row", rows("silent"))
def test_stays_silent(edit: Edit, row: dict, build_case) -> None:
    findings, not_run = check_codes(build_case(row), {}, [edit])
    assert not_run == ()
    assert [finding.detail for finding in findings] == []


@for_each("edit, row", [row for row in rows("fires") if "note" in row.values[1]])
def test_findings_never_quote_the_note(edit: Edit, row: dict, build_case) -> None:
    case = build_case(row)
    findings, _ = check_codes(case, {}, [edit])
    quoted = [*row.get("evidence", {}).values(), *row.get("uncoded", ()), *(one["words"] for one in row.get("asserted", ()))]
    assert not [words for words in quoted for finding in findings if words in finding.detail]
    for finding in findings:
        for one in finding.evidence:
            assert case.encounter.notes[0].text[one.start : one.end] == one.text
