"""Companion documented.

What it checks
        A code first, use additional code or code also note that names a condition which the notes of the visit document but which is
    not coded.

Why it matters
        The second code is not a choice when the condition is documented; without it the claim understates the visit.

Fires
        E11.22 when the note documents stage 3 chronic kidney disease and N18.3- is not coded.

Passes
        E11.22 with N18.30 coded, and E11.22 when no stage is documented.

Source
        ICD-10-CM Official Guidelines FY2026, I.A.13 and I.A.17
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.instructions import open_instructions
from fhir_coder.model import Severity
from terminology.codebook import NoteKind

ID = "FCE-206"
NAME = "companion-documented"
SEVERITY = Severity.ADVISORY
NEEDS = "note"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each note that documented conditions would answer, with their words."""
    for one in open_instructions(case, NoteKind.CODE_FIRST, NoteKind.USE_ADDITIONAL, NoteKind.CODE_ALSO):
        if one.documented:
            words = tuple(case.documented[code] for code in one.documented)
            yield Fault(one.codes, f"Documented but not coded: {', '.join(one.documented)}. Note at {one.instruction.quoted}", words)
