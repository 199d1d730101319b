"""Note not english.

What it checks
        A note that is not, or not for the greater part of a paragraph or more, in English.

Why it matters
        The engine reads English only; negation and history in another language would be missed silently.

Fires
        A note in Spanish; a note whose headings alone are English.

Passes
        English with abbreviations, drug lists or Latin terms; a closing line of instructions in another language.

Source
        ICD-10-CM Official Guidelines FY2026, I.A.19 (code assignment rests on the provider's documentation); scope of this engine
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.language import Language, detect_language
from fhir_coder.model import Severity

ID = "FCE-604"
NAME = "note-not-english"
SEVERITY = Severity.BLOCKING
NEEDS = "note"
IS_ABOUT_CODES = False


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such note."""
    for note in case.encounter.notes if case.encounter else ():
        if detect_language(note.text) is Language.OTHER:
            yield Fault((), f"Note {note.id} is not in English; a person who reads its language must code it.")
