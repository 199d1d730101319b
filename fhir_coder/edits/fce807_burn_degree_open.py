"""Burn degree open.

What it checks
        A burn or corrosion of unspecified degree, where the notes do not tell the degree; with a query to the provider.

Why it matters
        Burns are classified and put in order by degree first.

Fires
        T23.001A for a burn of the hand described by its blisters only.

Passes
        T23.001A where the note says partial thickness; T23.201A.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.19.d
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.queries import open_axes
from fhir_coder.model import Severity

ID = "FCE-807"
NAME = "burn-degree-open"
SEVERITY = Severity.ADVISORY
NEEDS = "note"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with its query."""
    return open_axes(case, ID)
