"""Code also open.

What it checks
        A code also note that names codes none of which is coded and none of which the notes of the visit document.

Why it matters
        The reviewer sees which companion the tabular list asks for, if it applies.

Fires
        A condition whose code also note names a second code that is absent.

Passes
        The same condition with a code that the note names.

Source
        ICD-10-CM Official Guidelines FY2026, I.A.17
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.instructions import open_instructions
from fhir_coder.model import Severity
from terminology.codebook import NoteKind

ID = "FCE-208"
NAME = "code-also-open"
SEVERITY = Severity.INFORMATION


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each open note."""
    for one in open_instructions(case, NoteKind.CODE_ALSO):
        if not one.documented:
            yield Fault(one.codes, f"If it applies, add the code that the note asks for. Note at {one.instruction.quoted}")
