"""Correction.

What it checks
        A note that says that something written before it, in this or another note of the encounter, is wrong (correction_words.tsv).

Why it matters
        The later statement holds, and whether every code follows it only a person who reads both can say.

Fires
        "Addendum, correction to the note above: the fracture is of the left radius"; "type 1 was documented in error".

Passes
        An addendum that only adds; the correction of a low sodium, of eyesight or of a measured value.

Source
        ICD-10-CM Official Guidelines FY2026, I.B.14 (conflicting documentation: query the provider); CMS Medicare Program Integrity Manual
    (Pub. 100-08), chapter 3, 3.3.2.5 (amendments, corrections and delayed entries)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from fhir_coder.alternatives import Alternatives, alternatives
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Evidence, Severity

ID = "FCE-614"
NAME = "correction"
SEVERITY = Severity.BLOCKING
NEEDS = "note"


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, about the whole encounter, with the words of every correction."""
    notes = case.encounter.notes if case.encounter else ()
    found = tuple(
        Evidence(note.id, hit.start(), hit.end(), hit.group(), note.sha256)
        for note in notes
        if note.supplies_diagnoses and _signs().are_in(note.text)
        for hit in _words().finditer(note.text)
    )
    if found:
        yield Fault((), "A note corrects what was written before it; see that every code follows the correction.", found)


@cache
def _words() -> re.Pattern[str]:
    return re.compile("|".join(_patterns()), re.IGNORECASE)


@cache
def _signs() -> Alternatives:
    """The same words, for a quick look at the notes that have none of them: nearly all."""
    return alternatives(_patterns())


def _patterns() -> list[str]:
    return [row["words"] for row in read_table("correction_words.tsv")]
