"""Follow up of present.

What it checks
    A follow-up after completed treatment (Z08, Z09) beside a condition of the kind followed up, coded as present, and no code of
    its history (follow_up_conditions.tsv).

Why it matters
    Follow-up says that the condition is over. If it is still there or has come back, its code takes the place of the follow-up
    code.

Fires
    Z08 and C50.911; Z09 and J18.9.

Passes
    Z08, Z85.3 and C61 (another cancer); Z09 and Z87.01; Z08 and Z85.3; Z09, Z86.0101 and I10.

Source
    ICD-10-CM Official Guidelines FY2026, I.C.21.c.8
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.pairs import pairs
from fhir_coder.model import Severity

ID = "FCE-794"
NAME = "follow-up-of-present"
SEVERITY = Severity.ADVISORY

_TABLE = "follow_up_conditions.tsv"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such pair."""
    for follow_up, condition, rule in pairs(case, _TABLE):
        history = parse_ranges(rule.row["except"])
        if not any(history.cover(code) for code in case.known):
            detail = f"{follow_up} says that the condition is over, {condition} that it is present; keep the one that the notes support."
            yield Fault((follow_up, condition), detail)
