"""Running: order, overrides, what lacks its input, and an edit that crashes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.registry import Edit, all_edits
from fhir_coder.edits.run import check_codes, finding_key, run_edits
from fhir_coder.model import Severity

MESSY = {"codes": ["W19.XXXA", "E11", "i10", "I10", "E10.9", "E11.9", "S52.501", "Q1", "M17.0", "M17.11"], "serviceDate": "2026-05-01"}


def edit_with(check, *, needs: str = "", severity: Severity = Severity.ADVISORY, **dates: date) -> Edit:
    return Edit("FCE-998", "made-up", severity, needs, "a source", {}, check, **dates)


def crash(case: EditCase) -> Iterator[Fault]:
    yield Fault(case.codes[:1], "before the crash")
    raise RuntimeError("the patient said: secret words")


def twice(case: EditCase) -> Iterator[Fault]:
    yield Fault(("I10",), "same")
    yield Fault(("I10",), "same")


def test_an_edit_that_crashes_blocks_and_says_nothing_of_the_note(build_case) -> None:
    findings, _ = check_codes(build_case({"codes": ["I10"]}), {"FCE-998": "information"}, [edit_with(crash)])
    (finding,) = findings
    assert (finding.edit, finding.severity, finding.codes) == ("FCE-998", Severity.BLOCKING, ())
    assert "RuntimeError" in finding.detail
    assert "secret" not in finding.detail


def test_findings_are_ordered_and_each_is_said_once(build_case) -> None:
    findings, _ = check_codes(build_case(MESSY), {})
    keys = [finding_key(finding) for finding in findings]
    assert keys == sorted(set(keys))
    assert {"header-code", "unknown-code", "duplicate-code", "excludes1", "external-cause-first", "laterality-conflict"} <= {
        finding.name for finding in findings
    }
    assert len(check_codes(build_case(MESSY), {}, [edit_with(twice)])[0]) == 1


def test_the_order_of_the_edits_does_not_matter(build_case) -> None:
    case = build_case(MESSY)
    assert check_codes(case, {}, all_edits()) == check_codes(case, {}, tuple(reversed(all_edits())))


def test_a_site_overrides_a_severity(build_case) -> None:
    findings, _ = check_codes(build_case({"codes": ["E11"]}), {"FCE-102": "information"})
    assert [(finding.edit, finding.severity) for finding in findings if finding.edit == "FCE-102"] == [("FCE-102", Severity.INFORMATION)]


def test_without_note_and_lines_the_edits_that_need_them_are_named(build_case) -> None:
    _, not_run = check_codes(build_case({"codes": ["I10"]}), {})
    assert not_run == tuple(edit.id for edit in all_edits() if edit.needs)
    assert {"FCE-302", "FCE-511", "FCE-601"} <= set(not_run)


def test_an_edit_outside_its_dates_is_neither_run_nor_missing(build_case) -> None:
    edit = edit_with(twice, needs="lines", holds_to=date(2025, 9, 30))
    assert check_codes(build_case(MESSY), {}, [edit]) == ((), ())


def test_a_coded_encounter_runs_everything(build_case, release) -> None:
    case = build_case({"codes": ["E11.22", "N18.30"], "note": "Diabetic kidney disease, stage 3.", "serviceDate": "2026-05-01"})
    report = run_edits(case.coded, release, "covered", {})
    assert report.coded is case.coded
    assert report.not_run == ()
    assert not [finding for finding in report.findings if finding.severity is Severity.BLOCKING]


@pytest.mark.parametrize(
    "codes",
    [
        ["Z00.00"],
        ["Z00.129", "Z23"],
        ["Z00.00", "Z12.31", "Z23"],
        ["Z12.11"],
        ["Z34.93", "Z3A.28"],
        ["I10"],
        ["E11.9"],
        ["E66.3", "Z68.27"],
        ["J06.9"],
        ["M54.50"],
        ["R05.9"],
        ["E11.22", "I12.9", "N18.30"],
    ],
)
def test_well_visits_and_ordinary_claims_raise_nothing_but_information(codes: list[str], build_case) -> None:
    findings, _ = check_codes(build_case({"codes": codes, "serviceDate": "2026-05-01"}), {})
    assert [finding.name for finding in findings if finding.severity is not Severity.INFORMATION] == []


def test_an_edit_in_shadow_is_recorded_and_not_shown(build_case) -> None:
    coded = build_case({"codes": ["E11"], "note": "Diabetes."}).coded
    report = run_edits(coded, build_case({"codes": []}).release, "undated", {"FCE-102": "shadow"})
    assert [finding.severity for finding in report.findings if finding.edit == "FCE-102"] == [Severity.SHADOW]
    assert "FCE-102" not in {finding.edit for finding in report.shown}


def test_an_edit_that_crashes_in_shadow_blocks_nothing(build_case) -> None:
    findings, _ = check_codes(build_case({"codes": ["I10"]}), {}, [edit_with(crash, severity=Severity.SHADOW)])
    assert [finding.severity for finding in findings] == [Severity.SHADOW]
