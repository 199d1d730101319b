"""Intractability open.

What it checks
        Migraine or epilepsy coded as not intractable where the notes tell of treatment that failed; with a query to the provider.

Why it matters
        Not intractable is what the index gives when nothing is said; failed treatment may mean the other.

Fires
        G43.709 after three preventives failed.

Passes
        G43.909 with nothing said of treatment; G40.909 after missed doses; refractory migraine.

Source
        tabular list, notes at G40 and G43; ICD-10-CM Official Guidelines FY2026, I.B.18
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.queries import open_axes
from fhir_coder.model import Severity

ID = "FCE-810"
NAME = "intractability-open"
SEVERITY = Severity.INFORMATION
NEEDS = "note"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with its query."""
    return open_axes(case, ID)
