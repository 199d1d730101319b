"""Manifestation without etiology.

What it checks
        A manifestation code, not first-listed, when none of the conditions that its code first note names is coded before or after it.

Why it matters
        The pair of etiology and manifestation is one diagnosis in two codes; half of it tells the payer nothing.

Fires
        I10, F02.80 (the dementia's disease is not coded).

Passes
        G30.9, F02.80; a manifestation whose code first note names no code.

Source
        ICD-10-CM Official Guidelines FY2026, I.A.13
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.instructions import code_first_references
from fhir_coder.model import Severity

ID = "FCE-204"
NAME = "manifestation-without-etiology"
SEVERITY = Severity.ADVISORY
IS_ABOUT_ORDER = True


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such manifestation."""
    for code in case.known:
        if code == case.first_listed or not case.lists.is_manifestation(code, case.titles[code]):
            continue
        references = code_first_references(case, code)
        if references and not any(reference.covers(other) for other in case.known if other != code for reference in references):
            yield Fault((code,), f"{code} is a manifestation, and no condition named by its code first note is coded.")
