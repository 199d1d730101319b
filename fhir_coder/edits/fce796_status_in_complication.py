"""Status in complication.

What it checks
    A status code (transplant, device, joint, amputation) beside the complication of the same organ or device, which says it
    (status_included.tsv).

Why it matters
    Status codes of these categories are for patients without a complication there; the complication code carries the information.

Fires
    Z94.0 and T86.11; Z96.641 and T84.51XA; Z89.511 and T87.43.

Passes
    Z94.0 and T86.21 (another organ); Z96.642 and T84.51XA (the other hip); Z94.0 and N18.30; Z93.3 and K94.00 (Excludes1, FCE-201).

Source
    ICD-10-CM Official Guidelines FY2026, I.C.21.c.3 (status)
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.pairs import pairs
from fhir_coder.model import Severity

ID = "FCE-796"
NAME = "status-in-complication"
SEVERITY = Severity.ADVISORY

_TABLE = "status_included.tsv"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such pair."""
    for status, complication, _ in pairs(case, _TABLE):
        detail = f"{complication} already says what {status} says; remove {status} unless it stands for another organ or device."
        yield Fault((status, complication), detail)
