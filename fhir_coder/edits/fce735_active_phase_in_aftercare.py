"""Active phase in aftercare.

What it checks
        An injury with a seventh character for active treatment when the note tells routine care of its healing: sutures taken out, a cast
    checked, a fracture that heals well (aftercare_words.tsv).

Why it matters
        The letter A stands for active treatment, not for the first visit to this office; routine care while the injury heals is D.

Fires
        S61.411A when the patient is here for suture removal; S52.501A when the sentence of the fracture says that it is healing well.

Passes
        S52.501A of a new physician's first look at a fracture seen elsewhere (evaluation is active treatment); sutures that shall come out in ten
    days; an older wound that is coded with D beside the new one.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.19.a
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from fhir_coder.code_ranges import CodeRanges, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.phases import ACTIVE, HEALING, phase
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Evidence, Severity

ID = "FCE-735"
NAME = "active-phase-in-aftercare"
SEVERITY = Severity.ADVISORY
NEEDS = "note"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with the words that tell its aftercare."""
    injuries = [code for code in case.known if phase(code)]
    for code in injuries:
        evidence = next(_aftercare(case, code, injuries), None) if phase(code) == ACTIVE else None
        if evidence:
            detail = f"{code} says active treatment, and the note tells care of an injury that heals; use the seventh character of a later encounter, "
            yield Fault((code,), f"{detail}unless this visit evaluated or treated it anew.", (evidence,))


def _aftercare(case: EditCase, code: str, injuries: list[str]) -> Iterator[Evidence]:
    for words, codes, reach in _rows():
        if not codes.cover(code):
            continue
        if reach == "sentence":
            yield from (one for one in case.evidence_for(code) if words.search(case.sentence_of(one)))
        elif not any(phase(other) == HEALING and codes.cover(other) for other in injuries):
            yield from _in_notes(case, words)


def _in_notes(case: EditCase, words: re.Pattern[str]) -> Iterator[Evidence]:
    for note in case.encounter.notes if case.encounter else ():
        if note.supplies_diagnoses:
            for hit in words.finditer(note.text):
                yield Evidence(note.id, hit.start(), hit.end(), hit.group(), note.sha256)


@cache
def _rows() -> tuple[tuple[re.Pattern[str], CodeRanges, str], ...]:
    return tuple(
        (re.compile(row["words"], re.IGNORECASE), parse_ranges(row["codes"]), row["reach"]) for row in read_table("aftercare_words.tsv")
    )
