"""Exposure to confirmed.

What it checks
    Contact with an infection (Z20) beside the same infection as confirmed (exposure_confirmed.tsv).

Why it matters
    Contact says that the patient may have caught it; once it is diagnosed the disease alone is coded.

Fires
    Z20.1 and A15.0; Z20.2 and A54.00; Z20.5 and B16.9.

Passes
    Z20.6 and A56.3 (another infection); Z20.2 and Z11.3; Z20.3 and S51.851A.

Source
    ICD-10-CM Official Guidelines FY2026, I.C.21.c.1; tabular list, Excludes1 note in words at Z20
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.pairs import pairs
from fhir_coder.model import Severity

ID = "FCE-798"
NAME = "exposure-to-confirmed"
SEVERITY = Severity.ADVISORY

_TABLE = "exposure_confirmed.tsv"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such pair."""
    for contact, disease, _ in pairs(case, _TABLE):
        detail = (
            f"{disease} is confirmed, and {contact} is for contact without disease; remove {contact} unless another infection is meant."
        )
        yield Fault((contact, disease), detail)
