"""Laterality note conflict.

What it checks
        A code for one side (or both) when the words it rests on, or their sentence, name only another.

Why it matters
        The wrong side is a wrong diagnosis: it is paid wrongly and stays in the patient's record.

Fires
        M25.561 (right knee) resting on left knee pain; M17.0 resting on right knee osteoarthritis.

Passes
        M25.561 resting on right knee pain, on words that name no side, or on words that name both when both sides are coded.

Source
        ICD-10-CM Official Guidelines FY2026, I.B.13
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.sides import OPPOSITE, coded_sides, documented_sides, own_side
from fhir_coder.model import Severity

ID = "FCE-302"
NAME = "laterality-note-conflict"
SEVERITY = Severity.BLOCKING
NEEDS = "note"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with the words that name the other side."""
    for code in case.known:
        coded = own_side(case, code)
        if coded is None or coded == "unspecified":
            continue
        named, words = documented_sides(case, code)
        if named and not _agrees(case, code, coded, named):
            yield Fault(
                (code,),
                f"{code} says {coded}, and the words it rests on say {' and '.join(sorted(named))}; code the side that is documented.",
                words,
            )


def _agrees(case: EditCase, code: str, coded: str, named: frozenset[str]) -> bool:
    if coded in named:
        return True
    if coded == "bilateral":
        return named >= {"right", "left"}
    return "bilateral" in named and (OPPOSITE[coded] in coded_sides(case, code) or "bilateral" not in case.side_families[code])
