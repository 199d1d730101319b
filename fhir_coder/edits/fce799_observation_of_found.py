"""Observation of found.

What it checks
    Observation for a suspected condition that was ruled out (Z03-Z05) beside that condition (observation_found.tsv).

Why it matters
    Observation codes are for conditions that are not there; an injury, illness or sign that is there takes their place.

Fires
    Z04.1 and S00.03XA; Z03.6 and T50.901A; Z05.1 and P36.9.

Passes
    Z04.1 and I10; Z03.6 alone; Z05.0 and P59.9.

Source
    ICD-10-CM Official Guidelines FY2026, I.C.21.c.6 and I.C.16.b
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.pairs import pairs
from fhir_coder.model import Severity

ID = "FCE-799"
NAME = "observation-of-found"
SEVERITY = Severity.ADVISORY

_TABLE = "observation_found.tsv"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such pair."""
    for observation, found, _ in pairs(case, _TABLE):
        detail = f"{observation} says that nothing was found, {found} that something was; keep {found} unless the two are unrelated."
        yield Fault((observation, found), detail)
