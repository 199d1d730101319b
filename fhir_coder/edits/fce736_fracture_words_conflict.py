"""Fracture words conflict.

What it checks
        A traumatic fracture coded as closed or open, displaced or nondisplaced, when the words it rests on, or their sentence, say only the
    opposite (fracture_words.tsv).

Why it matters
        Closed and displaced are the defaults for a note that is silent; where the note speaks, the code follows it, and an open fracture is
    another injury.

Fires
        S82.201A for an open fracture of the tibia; S42.021A (displaced) for a nondisplaced fracture of the clavicle.

Passes
        A note that says neither; a displaced fracture beside one that is not, in one sentence; an open reduction of a closed fracture.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.19.c
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from fhir_coder.code_ranges import parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Evidence, Severity

ID = "FCE-736"
NAME = "fracture-words-conflict"
SEVERITY = Severity.ADVISORY
NEEDS = "note"

_FRACTURES = parse_ranges("S02, S12, S22, S32, S42, S49, S52, S59, S62, S72, S79, S82, S89, S92, S99")
_States = Mapping[str, tuple[re.Pattern[str], re.Pattern[str]]]


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code and pair of states, with the words."""
    for code in filter(_FRACTURES.cover, case.known):
        title = case.titles[code].lower()
        for states in _pairs():
            coded = next((state for state, (shape, _) in states.items() if shape.search(title)), "")
            told, evidence = _told(case, code, states) if coded else ("", ())
            if told not in {"", coded}:
                detail = f"{code} says {coded}, and the note says {told}; code the fracture as the note tells it."
                yield Fault((code,), detail, evidence)


def _told(case: EditCase, code: str, states: _States) -> tuple[str, tuple[Evidence, ...]]:
    """The one state that the words, or else their sentences, name; empty where they name none or both."""
    evidence = case.evidence_for(code)
    for read in (lambda one: one.text, case.sentence_of):
        named = {state: tuple(one for one in evidence if words.search(read(one))) for state, (_, words) in states.items()}
        naming = {state: found for state, found in named.items() if found}
        if naming:
            return next(iter(naming.items())) if len(naming) == 1 else ("", ())
    return "", ()


@cache
def _pairs() -> tuple[_States, ...]:
    pairs: dict[str, dict[str, tuple[re.Pattern[str], re.Pattern[str]]]] = {}
    for row in read_table("fracture_words.tsv"):
        pairs.setdefault(row["pair"], {})[row["state"]] = re.compile(row["title"]), re.compile(row["words"], re.IGNORECASE)
    return tuple(pairs.values())
