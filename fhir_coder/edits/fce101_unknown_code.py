"""Unknown code.

What it checks
        A code that the release in force on the date of service does not contain: deleted, not yet effective, or never one.

Why it matters
        A payer rejects the whole claim when one diagnosis code is invalid on the date of service.

Fires
        G43.91X, M54.5Z, 99213 or an empty code; S30.1XXA from 2025-10-01, with what replaced it where a release before that day is loaded.

Passes
        I10; i10 and I10. as well, since case and dot are spelling, not content.

Source
        45 CFR 162.1002(c) (code set in force on the date of service); ICD-10-CM Official Guidelines FY2026, I.B.2
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.validity import CodeFault
from fhir_coder.model import Severity
from terminology.history import Standing
from terminology.release import Release

ID = "FCE-101"
NAME = "unknown-code"
SEVERITY = Severity.BLOCKING
HOLDS_FROM = None  # whatever the date, a claim with it is wrong


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code; where another loaded release has it, with the dates and what took its place."""
    for invalid in case.invalid(CodeFault.UNKNOWN):
        standing = case.history.standing(invalid.code, case.release)
        remedy = f" Replaced by {' or '.join(standing.successors)}." if standing.successors else invalid.remedy
        yield Fault((invalid.code,), f"{invalid.code} {_told(standing, case.release)}.{remedy}")


def _told(standing: Standing, release: Release) -> str:
    deleted = f"was deleted: valid for dates of service until {standing.valid_to}" if standing.valid_to else ""
    returns = (
        f"again from {standing.valid_from}" if deleted else f"is not yet effective: valid for dates of service from {standing.valid_from}"
    )
    known = ", ".join(part for part in (deleted, returns if standing.valid_from else "") if part)
    return known or f"is not a code of ICD-10-CM release {release.id}"
