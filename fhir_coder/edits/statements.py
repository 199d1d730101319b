"""What the notes of an encounter say of one condition in other places than those that a code rests on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.model import Assertion, Evidence, Experiencer, Presence, SectionKind, Temporality
from terminology.detail import says_more

CONCLUSIONS = frozenset(
    {
        SectionKind.ASSESSMENT,
        SectionKind.ASSESSMENT_AND_PLAN,
        SectionKind.DIAGNOSES,
        SectionKind.PLAN,
        SectionKind.ORDERS,
        SectionKind.INSTRUCTIONS,
    }
)
"""Sections in which a note says what it comes to."""

_RESOLVED = frozenset({"hist-after-resolved"})
# "No acute heart failure", "no further seizures", "no flare of gout" deny a turn of the condition, not the condition.
_TURN_BEFORE = re.compile(
    r"\b(?:acute|active|new|further|recurr\w+|additional|other|another|worsen\w*|progress\w*|decompensat\w*|exacerbat\w+|flare\w*|complicat\w+|residual|repeat|"
    r"more|overt|frank|severe|current|signs?|symptoms?|stigmata|sequelae?|uncontrolled|symptomatic|significant|prior|previous|known)\b[^.;,]{0,40}$",
    re.IGNORECASE,
)
_TURN_AFTER = re.compile(
    r"^\W{0,3}(?:exacerbat\w+|flare\w*|recurr\w+|complicat\w+|symptoms?|attacks?|episodes?|medic\w+|meds?|treatment|therapy|surgery|progress\w+|crisis|"
    r"screen\w*|tests?|vaccin\w+|risk|hospital\w*|admissions?|changes)\b",
    re.IGNORECASE,
)


def denying(case: EditCase) -> tuple[Assertion, ...]:
    """What notes that diagnoses are coded from deny, or in their conclusion call resolved."""
    return tuple(one for one in case.statements if _denies(case, one) or _is_over(one))


def denials(case: EditCase, code: str, denied: Iterable[Assertion]) -> Iterator[Evidence]:
    """The words of those of ``denied`` that concern the condition of the code."""
    return (case.words_of(one.mention) for one in denied if _is_of_same_condition(case, code, one))


def _is_of_same_condition(case: EditCase, code: str, assertion: Assertion) -> bool:
    """Whether the words name the code itself, or leave open what it tells: who has no diabetes has none of type 2."""
    above = case.codebook.ancestors(code)
    near = [named for named in assertion.mention.codes if named[:3] == code[:3]]
    return any(named == code or named in above or _leaves_open(case, code, named) for named in near)


def _leaves_open(case: EditCase, code: str, named: str) -> bool:
    known = case.codebook.normalize(named)
    return known is not None and says_more(case.codebook, code, known)


def _denies(case: EditCase, assertion: Assertion) -> bool:
    if assertion.presence is not Presence.ABSENT or assertion.experiencer is not Experiencer.PATIENT:
        return False
    if assertion.temporality is not Temporality.CURRENT or assertion.mention.section is SectionKind.FAMILY_HISTORY:
        return False
    before, after = case.around(assertion.mention)
    return not _TURN_BEFORE.search(before) and not _TURN_AFTER.match(after)


def _is_over(assertion: Assertion) -> bool:
    return (
        assertion.temporality is Temporality.HISTORICAL
        and assertion.presence is Presence.PRESENT
        and assertion.experiencer is Experiencer.PATIENT
        and assertion.mention.section in CONCLUSIONS
        and not _RESOLVED.isdisjoint(assertion.cues)
    )


def place(case: EditCase, evidence: Evidence) -> str:
    """Where words stand, for a reader: the section, with the number of the note where the encounter has several."""
    notes = [note.id for note in case.encounter.notes] if case.encounter else []
    section = evidence.section.value.replace("-", " ")
    return f"{section} of note {notes.index(evidence.note_id) + 1}" if len(notes) > 1 and evidence.note_id in notes else section
