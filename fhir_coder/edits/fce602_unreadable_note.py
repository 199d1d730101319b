"""Unreadable note.

What it checks
        A note of the encounter that yielded no text.

Why it matters
        What it says is unknown; coding the rest as if it were all would under-code the visit.

Fires
        A scanned image; a PDF with scanned pages among pages of text; a document whose attachment cannot be decoded; a note that nobody has signed yet, where a site leaves these unread; a note or section that is excluded as sensitive.

Passes
        An encounter whose notes were all read.

Source
        ICD-10-CM Official Guidelines FY2026, I.A.19 (code assignment rests on the provider's documentation)
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-602"
NAME = "unreadable-note"
SEVERITY = Severity.BLOCKING
NEEDS = "note"
IS_ABOUT_CODES = False


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such note."""
    if case.encounter is None:
        return
    read = {note.id for note in case.encounter.notes}
    for note in case.encounter.unreadable:
        if note.reason == "preliminary":
            yield Fault((), f"Note {note.id} was not read: nobody has signed it yet; code the encounter again when it is signed.")
            continue
        if note.reason == "sensitive":
            part = "A part of note" if note.id in read else "Note"
            yield Fault((), f"{part} {note.id} was not read because it is sensitive: {note.detail}; see that the codes hold without it.")
            continue
        what = f"A part of note {note.id}" if note.id in read else f"Note {note.id}"
        yield Fault((), f"{what} could not be read ({note.reason}); read it before releasing the codes.")
