"""Claim order: the first-listed diagnosis first.

Guideline IV.G: first the condition chiefly responsible for the services, then coexisting ones. Guideline I.A.13 and the tabular "code first"
notes: etiology before manifestation. Guideline I.C.20.a.6: an external cause is never first. What must be first, and what never may, stands in
the tables of the edits that check it; codes of pregnancy come before others (guideline I.C.15.a.1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from fhir_coder.coding.support import ASSESSMENT_SECTIONS, Pillar, is_incidental
from fhir_coder.first_listed import is_only_first, never_first
from fhir_coder.model import Authority, Note
from terminology.codebook import Codebook, NoteKind

_OF_MEDICINE = re.compile(r"T(?:3[6-9]|4\d|50)\..*[56]X*[A-Z]")


def note_places(notes: Sequence[Note]) -> dict[str, int]:
    """The place of each note in claim order: notes of the visit as they came, then reports of studies, which only add to it (guideline IV.K)."""
    ordered = sorted(notes, key=lambda note: note.authority is Authority.REPORT)
    return {note.id: place for place, note in enumerate(ordered)}


def claim_order(
    codes: Sequence[str], pillars: Mapping[str, Sequence[Pillar]], codebook: Codebook, notes: Mapping[str, int] | None = None
) -> list[str]:
    """The codes in claim order: by kind, incidental findings of a report last, by where the assessment names them, then tabular "code first"
    notes. ``notes`` gives each note its place (see ``note_places``)."""
    places = notes or {}

    def key(code: str) -> tuple[int, bool, int, int, int, str]:
        found = pillars.get(code, ())
        return (_kind(code), is_incidental(found), *_place(found, places), code)

    return _with_a_first(_etiology_first(sorted(codes, key=key), codebook))


def _with_a_first(codes: list[str]) -> list[str]:
    """Where a code leads that never may, the first that may goes before it: a status where no condition was assigned."""
    fit = next((code for code in codes if code[0] not in "VWXY" and not never_first(code)), None)
    if fit is None or not codes or not never_first(codes[0]):
        return codes
    return [fit, *(code for code in codes if code != fit)]


def _kind(code: str) -> int:
    """What must be first, codes of pregnancy, conditions and reasons for an encounter, status and history codes, external causes."""
    if code[0] in "VWXY":
        return 2
    if is_only_first(code):
        return -2
    if code[0] == "O":
        return -1
    if never_first(code):
        return 1
    if _OF_MEDICINE.fullmatch(code):  # an adverse effect or underdosing follows its nature (I.C.19.e.5.a, c)
        return 1
    # Encounters for a reason (Z00-Z13, Z23, Z30-Z53) may be first-listed; history and status codes (Z14-Z22, Z66-Z99) follow conditions.
    return int(code[0] == "Z" and not ("Z00" <= code[:3] <= "Z13" or "Z23" <= code[:3] <= "Z53"))


def _place(pillars: Sequence[Pillar], notes: Mapping[str, int]) -> tuple[int, int, int]:
    """(0, note, offset) in an assessment, (1, note, offset) elsewhere, (2, 0, 0) when only a combination rule made the code."""
    if not pillars:
        return 2, 0, 0
    mentions = [pillar.assertion.mention for pillar in pillars]
    return min((int(one.section not in ASSESSMENT_SECTIONS), notes.get(one.note_id, 0), one.start) for one in mentions)


def _etiology_first(codes: list[str], codebook: Codebook) -> list[str]:
    """Move the codes that a code's "code first" notes name to the place before it, for the two are one reason for the visit; stable, and finite
    even if notes point at each other."""
    ordered = list(codes)
    for code in codes:
        firsts = [other for other in ordered if other != code and _names_first(codebook, code, other)]
        for other in firsts:
            here, there = ordered.index(code), ordered.index(other)
            if there > here and not _names_first(codebook, other, code):
                ordered.insert(here, ordered.pop(there))
    return ordered


def _names_first(codebook: Codebook, code: str, other: str) -> bool:
    return any(reference.covers(other) for note in codebook.notes(code, NoteKind.CODE_FIRST) for reference in note.references)
