"""Manifestation first.

What it checks
        A manifestation code listed first, alone or before other codes: one whose title says "in diseases classified elsewhere", or one
    that the Medicare Code Editor lists.

Why it matters
        The convention requires the underlying condition first; a manifestation as first-listed diagnosis is rejected.

Fires
        F02.80 alone; H36.89 before the code of the disease it belongs to.

Passes
        G30.9 before F02.80.

Source
        ICD-10-CM Official Guidelines FY2026, I.A.13; CMS Definitions of Medicare Code Edits, manifestation code as principal diagnosis
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-203"
NAME = "manifestation-first"
SEVERITY = Severity.BLOCKING
IS_ABOUT_ORDER = True


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, on the first-listed code."""
    first = case.first_listed
    if first is not None and case.lists.is_manifestation(first, case.titles[first]):
        yield Fault((first,), f"{first} is a manifestation and cannot be first-listed; put the code of the underlying condition before it.")
