"""Side conflict.

What it checks
        A condition that one part of the provider's documentation puts on one side and another part on the other: the assessment right, the
    history or a report left.

Why it matters
        One of the two is likely a slip, and a wrong side is a wrong diagnosis: it is paid wrongly and stays in the record.

Fires
        M17.11 from the assessment when the history tells of osteoarthritis of the left knee alone; a fracture left in the visit note and right in
    the report of the image.

Passes
        Both sides named in one part; both sides coded as bilateral; words that name no side; what only a nurse writes (FCE-609).

Source
        ICD-10-CM Official Guidelines FY2026, I.B.13 (laterality; conflicting documentation: query the provider)
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.sides import OPPOSITE, own_side, sides_named
from fhir_coder.edits.statements import CONCLUSIONS, place
from fhir_coder.model import Authority, Evidence, RejectionReason, Severity

ID = "FCE-612"
NAME = "side-conflict"
SEVERITY = Severity.BLOCKING
NEEDS = "note"

_NAMED = frozenset(
    {RejectionReason.LOW_PROBABILITY, RejectionReason.OUTRANKED, RejectionReason.LESS_SPECIFIC, RejectionReason.INTEGRAL_SYMPTOM}
)


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such pair of codes, with the words for either side."""
    seen: set[frozenset[str]] = set()
    for code in case.known:
        named = own_side(case, code)
        if named not in OPPOSITE:
            continue
        other, words = _other_side(case, code, OPPOSITE[named])
        here, there = _naming(case, code, named, case.evidence_for(code)), _naming(case, code, OPPOSITE[named], words)
        if not here or not there or frozenset({code, other}) in seen or _parts(case, here) & _parts(case, there):
            continue
        seen.add(frozenset({code, other}))
        codes = (code, other) if other in case.known else (code,)
        where = f"{place(case, here[0])} for {code}, {place(case, there[0])} for {other}"
        yield Fault(
            codes, f"The notes name two sides ({where}); one is wrong, or both are affected: ask the provider.", (here[0], there[0])
        )


def _other_side(case: EditCase, code: str, opposite: str) -> tuple[str, tuple[Evidence, ...]]:
    """The code of the other side that the notes support, assigned or not, with its words; empty without one."""
    stem = case.side_families[code].get(opposite)
    assigned = next((known for known in case.known if stem and case.codebook.stem(known) == stem), "")
    if assigned:
        return assigned, case.evidence_for(assigned)
    for rejection in case.coded.rejected if case.coded and stem else ():
        other = case.codebook.normalize(rejection.code)
        if other and rejection.reason in _NAMED and case.codebook.stem(other) == stem:
            return other, rejection.evidence
    return "", ()


def _naming(case: EditCase, code: str, named: str, evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """The evidence whose own words or sentence name this side and no other."""
    return tuple(one for one in evidence if (sides_named(one.text, code) or sides_named(case.sentence_of(one), code)) == {named})


def _parts(case: EditCase, evidence: tuple[Evidence, ...]) -> set[tuple[str, bool]]:
    """The parts of the documentation: each note's conclusion, its other sections, and each report as a whole."""
    reports = {note.id for note in case.encounter.notes if note.authority is Authority.REPORT} if case.encounter else set()
    return {(one.note_id, one.section in CONCLUSIONS and one.note_id not in reports) for one in evidence}
