"""Long-term use of a medicine that the note tells, as its Z79 code.

A medicine counts when the note says that the patient takes it now and goes on taking it (guideline I.C.21.c.3): in the list of medicines, or by
the words around it (``drug_use.toml``). One that is begun today, ended, refused, taken now and then or for some days does not, and never one in
an allergy or a family history. With which conditions the code is reported the coding stage sees to.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from fhir_coder.model import Section, SectionKind
from fhir_coder.reading.body_mass import MeasuredTerm
from fhir_coder.reading.medicines import NamedMedicine, find_medicines
from fhir_coder.reading.sentences import Sentence, find_sentences
from terminology.knowledge import knowledge_of

_ELSEWHERE = frozenset(
    {
        SectionKind.ALLERGIES,
        SectionKind.FAMILY_HISTORY,
        SectionKind.REVIEW_OF_SYSTEMS,
        SectionKind.IMMUNIZATIONS,
        SectionKind.RESULTS,
        SectionKind.PHYSICAL_EXAM,
        SectionKind.PAST_SURGICAL_HISTORY,
        SectionKind.ADMINISTRATIVE,
        SectionKind.INSTRUCTIONS,
        SectionKind.REASON_FOR_VISIT,
    }
)
_PLANNED = frozenset({SectionKind.ASSESSMENT, SectionKind.PLAN, SectionKind.ASSESSMENT_AND_PLAN, SectionKind.DIAGNOSES})
_CARE = _PLANNED | {SectionKind.BODY}
_HISTORY = frozenset(
    {SectionKind.HISTORY_OF_PRESENT_ILLNESS, SectionKind.INTERVAL_HISTORY, SectionKind.SUBJECTIVE, SectionKind.OBJECTIVE, SectionKind.BODY}
)
_FIRST_WORD = re.compile(r"[A-Za-z]{2}")
_DOSED = re.compile(r"\d|\b(?:daily|weekly|bid|nightly|qd|qhs)\b", re.IGNORECASE)
_AFTER_ENDS = re.compile(r"[,;]|\.(?=\s|$)|\n|\bbut\b|\band (?=start|stop|add|begin)", re.IGNORECASE)
_BEFORE_ENDS = re.compile(r";|(?<=[a-z])\.(?=\s)|\bbut\b|->|→", re.IGNORECASE)
_DAILY = re.compile(
    r"\b(?:daily|qd|qday|bid|b\.i\.d|tid|qid|qhs|nightly|every (?:day|morning|night)|each (?:day|morning|night)|twice a day|once a day|"
    r"chronic\w*|long[- ]term|scheduled|around the clock|regularly)\b",
    re.IGNORECASE,
)
_ON_THE_SKIN = re.compile(
    r"[\s-]*(?:\d+(?:\.\d+)? ?%|(?:vaginal |topical |eye |nasal )*(?:ointment|cream|gel|topical|drops|lotion|foam|shampoo|spray|ring)\b)",
    re.I,
)
_LISTED = re.compile(r"\b(?:meds?|medications?|current medications?|home meds?)\b\s*[:\-–]", re.IGNORECASE)


def find_long_term_use(text: str, sections: Sequence[Section]) -> Iterator[MeasuredTerm]:
    """Every medicine in long-term use with its Z79 code; ``sections`` are those of the note."""
    named = [one for one in find_medicines(text) if one.medicine.long_term]
    for section in sections if named else ():
        if section.kind in _ELSEWHERE:
            continue
        inside = [one for one in named if section.body_start <= one.start < section.end]
        sentences = find_sentences(text, section.body_start, section.end) if inside else ()
        for one in inside:
            sentence = next((s for s in sentences if s.start <= one.start and one.end <= s.end), None)
            if sentence is not None and _is_long_term(_Place(text, section.kind, sentence, one)):
                yield MeasuredTerm(one.start, one.end, (one.medicine.long_term,), f"drug:{one.medicine.id}", age="")


@dataclass(frozen=True, slots=True)
class _Place:
    """A medicine in its sentence."""

    text: str
    kind: SectionKind
    sentence: Sentence
    named: NamedMedicine

    @property
    def whole(self) -> str:
        """The sentence."""
        return self.text[self.sentence.start : self.sentence.end]

    @property
    def before(self) -> str:
        """What stands before it in its clause."""
        return _BEFORE_ENDS.split(self.text[self.sentence.start : self.named.start])[-1]

    @property
    def after(self) -> str:
        """What follows it up to the next comma or medicine."""
        rest = self.text[self.named.end : self.sentence.end]
        following = next((other.start for other in find_medicines(rest)), len(rest))
        return _AFTER_ENDS.split(rest[:following], maxsplit=1)[0]


def _is_long_term(place: _Place) -> bool:
    words = _words()
    if _ON_THE_SKIN.match(place.after) or place.before.rstrip().lower().endswith("topical"):
        return False
    if words["occasional_after"].search(place.after) or words["occasional_before"].search(place.before[-25:]):
        return False
    needs = place.named.medicine.needs
    if needs == "long" and not words["long_words"].search(place.whole):
        return False
    if needs == "daily" and not _DAILY.search(place.before[-25:] + " " + place.after):
        return False
    return _is_ongoing(place)


def _is_ongoing(place: _Place) -> bool:
    """Whether the words after it, else the nearest before it, else the list it stands in, say that it is taken and goes on."""
    words = _words()
    needs = place.named.medicine.needs
    if needs == "begun" and place.kind in _CARE and words["begun_after"].search(place.after):
        return True
    if words["paused_before"].search(place.before[-25:]) and words["paused_after"].match(place.after):
        return True
    if words["ended_after"].search(place.after) or words["new_after"].search(place.after):
        return False
    before = place.before.rstrip()
    if any(found.end() == len(before) for found in words["long_words"].finditer(before)):
        return True  # "Prior stent: lifelong aspirin" ended the narrowing, not the medicine
    governing = _governing(before)
    if governing == "begun_before":
        return needs == "begun" and place.kind in _CARE
    if governing:
        return governing == "ongoing_before" and (needs != "care" or place.kind in _CARE)
    return _is_ongoing_alone(place)


def _is_ongoing_alone(place: _Place) -> bool:
    """Whether a medicine that no word before it governs is taken and goes on."""
    needs = place.named.medicine.needs
    if needs == "care" and place.kind not in _CARE:
        return False
    if _words()["ongoing_after"].search(place.after):
        return True
    if needs == "long" or (needs == "care" and _words()["long_words"].search(place.whole)):
        return True
    is_dosed = _DOSED.search(place.after) is not None
    if needs == "begun" and place.kind in _CARE and is_dosed:  # "Treatment: metformin 500 mg bid"
        return True
    if needs != "care" and place.kind in _HISTORY and is_dosed and not _FIRST_WORD.search(_up_to_first_medicine(place)):
        return True  # a sentence that is nothing but a list of medicines and doses
    return needs != "care" and (place.kind is SectionKind.MEDICATIONS or _LISTED.search(place.before) is not None)


def _up_to_first_medicine(place: _Place) -> str:
    first = next(find_medicines(place.whole)).start
    return place.whole[:first]


def _governing(before: str) -> str:
    """The list that has the words nearest to the end of ``before``; of two that end at one place the longer ("was on", "on")."""
    found = [
        (match.end(), match.end() - match.start(), name)
        for name in ("ongoing_before", "begun_before", "new_before", "ended_before")
        for match in _words()[name].finditer(before)
    ]
    return max(found, default=(0, 0, ""))[2]


@cache
def _words() -> dict[str, re.Pattern[str]]:
    lists = tomllib.loads(knowledge_of("fhir_coder.reading").joinpath("drug_use.toml").read_text(encoding="utf-8"))
    return {name: re.compile(rf"(?<![\w-])(?:{'|'.join(patterns)})(?![\w-])", re.IGNORECASE) for name, patterns in lists.items()}
