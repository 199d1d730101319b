"""History beside current.

What it checks
    A personal history code beside the same condition coded as present (history_beside.tsv; cancer is not asked about here).

Why it matters
    A history code says that the condition is over and no longer treated. With both, one of the two is usually wrong, most often the
    present one.

Fires
    Z86.73 beside I63.9; Z87.11 beside K25.9; Z87.440 beside N39.0; Z86.711 beside I26.99.

Passes
    Z86.73 beside I10; Z86.718 beside I26.99 (another condition); Z87.442 beside N39.0.

Source
    ICD-10-CM Official Guidelines FY2026, I.C.21.c.4 and IV.J
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.pairs import pairs
from fhir_coder.model import Severity

ID = "FCE-781"
NAME = "history-beside-current"
SEVERITY = Severity.ADVISORY

_TABLE = "history_beside.tsv"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such pair."""
    for history, current, rule in pairs(case, _TABLE):
        detail = (
            f"{history} says that the {rule.row['meaning']} is over, {current} that it is present; "
            f"keep one of them unless the notes tell of two separate episodes."
        )
        yield Fault((history, current), detail)
