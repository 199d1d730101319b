"""Uncoded problem.

What it checks
        A problem that the note asserts for this visit and that found no code.

Why it matters
        A claim without it understates the visit, and silence would look like a negative finding.

Fires
        An assessment that lists a condition which no candidate code fits.

Passes
        A note whose asserted problems are all coded, or rejected with a reason.

Source
        ICD-10-CM Official Guidelines FY2026, IV.J (code all documented conditions that coexist)
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-601"
NAME = "uncoded-problem"
SEVERITY = Severity.BLOCKING
NEEDS = "note"


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, with the words of every such problem."""
    uncoded = case.coded.uncoded if case.coded else ()
    if uncoded:
        yield Fault((), f"No code was found for documented problems ({len(uncoded)}); code them or reject them.", uncoded)
