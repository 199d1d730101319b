"""Parent beside child.

What it checks
        A heading beside a code below it.

Why it matters
        The heading adds nothing to the specific code and is not billable.

Fires
        E11 beside E11.22; S52.5 beside S52.501A.

Passes
        E11.22 beside E11.65 (siblings).

Source
        ICD-10-CM Official Guidelines FY2026, I.B.2
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-121"
NAME = "parent-beside-child"
SEVERITY = Severity.ADVISORY


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each heading with the codes below it."""
    ancestors = {code: case.codebook.ancestors(code) for code in case.known}
    for parent in case.known:
        children = tuple(code for code in case.known if parent in ancestors[code])
        if children:
            yield Fault((parent, *children), f"{parent} is the heading of {', '.join(children)}; remove it.")
