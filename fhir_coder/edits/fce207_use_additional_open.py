"""Use additional open.

What it checks
        A use additional code note that names codes none of which is coded and none of which the notes of the visit document.

Why it matters
        The reviewer sees which companion the tabular list asks for, if it applies.

Fires
        E11.22 without N18.-; N39.0 without the organism.

Passes
        E11.22 with N18.30.

Source
        ICD-10-CM Official Guidelines FY2026, I.A.13 and I.B.7
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.instructions import open_instructions
from fhir_coder.model import Severity
from terminology.codebook import NoteKind

ID = "FCE-207"
NAME = "use-additional-open"
SEVERITY = Severity.INFORMATION


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each open note."""
    for one in open_instructions(case, NoteKind.USE_ADDITIONAL):
        if not one.documented:
            yield Fault(one.codes, f"If it applies, add the code that the note asks for. Note at {one.instruction.quoted}")
