"""Never first listed.

What it checks
        A code listed first that the guidelines allow only as a secondary one: infectious agents, weeks of gestation, body mass index,
    social determinants, scores, underdosing.

Why it matters
        The claim names no reason for the visit and is rejected.

Fires
        Z68.41 before E66.01; B96.20 before N39.0; Z59.00 alone.

Passes
        E66.01 before Z68.41.

Source
        ICD-10-CM Official Guidelines FY2026, I.B.14 and the paragraphs that never_first_listed.tsv names
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.first_listed import never_first
from fhir_coder.model import Severity

ID = "FCE-502"
NAME = "never-first-listed"
SEVERITY = Severity.BLOCKING
IS_ABOUT_ORDER = True


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, on the first-listed code."""
    first = case.first_listed
    if first is None:
        return
    if meaning := never_first(first):
        yield Fault((first,), f"{first} ({meaning}) cannot be first-listed; put the condition it belongs to before it.")
