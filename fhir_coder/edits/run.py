"""Running the edits: every one that has its input and is in force, each fenced so that one that crashes blocks instead of vanishing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.lists import Lists
from fhir_coder.edits.registry import Edit, all_edits
from fhir_coder.model import CodedEncounter, EditReport, Finding, Severity
from terminology.release import Release

_ORDER = {severity: place for place, severity in enumerate((Severity.BLOCKING, Severity.ADVISORY, Severity.INFORMATION, Severity.SHADOW))}


def run_edits(
    coded: CodedEncounter, release: Release, release_status: str, severities: Mapping[str, str], lists: Lists | None = None
) -> EditReport:
    """Check a coded encounter against every edit. ``severities`` are the site's overrides by edit id, ``lists`` those it loaded, if any."""
    case = case_of(coded, release, release_status)
    findings, not_run = check_codes(replace(case, lists=lists) if lists else case, severities)
    return EditReport(coded, findings, not_run)


def case_of(coded: CodedEncounter, release: Release, release_status: str) -> EditCase:
    """What the edits are given of a coded encounter."""
    encounter = coded.encounter
    return EditCase(
        codes=tuple(assignment.code for assignment in coded.assignments),
        birth_date=encounter.patient.birth_date,
        gender=encounter.patient.gender,
        service_date=encounter.service_date,
        release=release,
        release_status=release_status,
        coded=coded,
        services=encounter.services,
    )


def check_codes(
    case: EditCase, severities: Mapping[str, str], edits: Sequence[Edit] | None = None
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Findings without duplicates, ordered by severity, edit id and codes, and the ids of the edits that lacked their input."""
    applicable = [edit for edit in (all_edits() if edits is None else edits) if edit.holds_on(case.service_date)]
    runnable = [edit for edit in applicable if edit.has_input(case)]
    found = {finding_key(finding): finding for edit in runnable for finding in _findings(edit, case, severities)}
    not_run = sorted(edit.id for edit in applicable if not edit.has_input(case))
    return tuple(found[key] for key in sorted(found)), tuple(not_run)


def finding_key(finding: Finding) -> tuple[int, str, tuple[str, ...], str]:
    """What findings are ordered by; two findings with one key say the same."""
    return _ORDER[finding.severity], finding.edit, finding.codes, finding.detail


def _findings(edit: Edit, case: EditCase, severities: Mapping[str, str]) -> Iterator[Finding]:
    severity = Severity(severities.get(edit.id, edit.severity))
    try:
        faults = tuple(edit.check(case))
    except Exception as error:  # whatever it is, autonomy fails closed; the text may quote a note and is dropped
        detail = f"The edit {edit.id} could not be run ({type(error).__name__}); check this encounter by hand."
        effect = Severity.SHADOW if severity is Severity.SHADOW else Severity.BLOCKING
        yield Finding(edit.id, edit.name, effect, (), detail, edit.source)
        return
    for fault in faults:
        yield Finding(edit.id, edit.name, severity, fault.codes, fault.detail, edit.source, fault.evidence, fault.query)
