"""Adverse effects and underdosing of medicines that the note tells, as codes of the Table of Drugs (T36-T50).

An adverse effect is a condition tied to a medicine in so many words: "hypokalemia from chlorthalidone", "statin-induced myalgia" (guideline
I.C.19.e.5.a). Underdosing is a medicine taken less than told beside a condition that got worse, told where the visit's problems are assessed, with
the reason for it (Z91.12-Z91.14; I.C.19.e.5.c). The words are data (``drug_effects.toml``); whether the patient is meant, and surely, is judged
with every other mention's assertion.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache

from fhir_coder.model import Section, SectionKind
from fhir_coder.reading.body_mass import MeasuredTerm
from fhir_coder.reading.medicines import NamedMedicine, find_medicines
from fhir_coder.reading.sentences import Sentence, find_sentences
from terminology.knowledge import knowledge_of

ADVERSE, UNDERDOSED = "5", "6"

#: A condition ends, or begins, at most so many characters from the words that tie it to a medicine.
NEAR = 30

_ASSESSED = frozenset({SectionKind.ASSESSMENT, SectionKind.PLAN, SectionKind.ASSESSMENT_AND_PLAN, SectionKind.DIAGNOSES})
_TOLD = _ASSESSED | {SectionKind.BODY, SectionKind.REASON_FOR_VISIT}
_HISTORY = _TOLD | {
    SectionKind.HISTORY_OF_PRESENT_ILLNESS,
    SectionKind.INTERVAL_HISTORY,
    SectionKind.SUBJECTIVE,
    SectionKind.CHIEF_COMPLAINT,
}

Span = tuple[int, int]


def find_drug_effects(text: str, sections: Sequence[Section], conditions: Sequence[Span]) -> Iterator[MeasuredTerm]:
    """Every adverse effect and underdosing of the note with its stem; ``conditions`` are the spans of the conditions that it names."""
    named = list(find_medicines(text))
    if not named:
        return
    for section in sections:
        if section.kind not in _TOLD:
            continue
        for sentence in find_sentences(text, section.body_start, section.end):
            for one in (one for one in named if sentence.start <= one.start and one.end <= sentence.end):
                tie = _tie(text, sentence, one, conditions)
                if tie is not None:
                    yield _term(tie, one.medicine.stem + ADVERSE, one)
    yield from _underdosing(text, sections, named)


def _term(span: Span, code: str, one: NamedMedicine) -> MeasuredTerm:
    return MeasuredTerm(*span, (code,), f"drug:{one.medicine.id}", age="")


def _tie(text: str, sentence: Sentence, one: NamedMedicine, conditions: Sequence[Span]) -> Span | None:
    """The words that tie a condition of the sentence to the medicine, with the medicine; None without any."""
    words = _words()
    link = words["because"].search(text, sentence.start, one.start)
    while link is not None:
        if words["between"].fullmatch(text, link.end(), one.start) and _is_near_before(conditions, sentence.start, link.start()):
            said = text[max(sentence.start, link.start() - 2 * NEAR) : link.start()]
            return None if words["unless"].search(said) else (link.start(), one.end)
        link = words["because"].search(text, link.start() + 1, one.start)
    induced = words["induced"].match(text, one.end, sentence.end)
    if induced and any(start <= induced.end() + NEAR // 2 and induced.end() < end <= sentence.end for start, end in conditions):
        return one.start, induced.end()
    adjoining = words["adjoining"].match(text, one.end + 1, sentence.end)
    return (one.start, adjoining.end()) if adjoining and text[one.end] == " " else None


def _is_near_before(conditions: Sequence[Span], first: int, position: int) -> bool:
    """Whether a condition ends near before the position, or holds it ("anemia due to chemotherapy" as one term)."""
    return any(first <= start < position and position - end <= NEAR for start, end in conditions)


def _underdosing(text: str, sections: Sequence[Section], named: Sequence[NamedMedicine]) -> Iterator[MeasuredTerm]:
    """The first sentence of an assessment that tells of it: the medicine of that sentence, or the one that the history says was not taken."""
    words = _words()
    for sentence in (s for section in sections if section.kind in _ASSESSED for s in find_sentences(text, section.body_start, section.end)):
        own = [one for one in named if sentence.start <= one.start and one.end <= sentence.end]
        less = [one for one in own if _is_less(text, sentence, one)]
        at_large = words["less_at_large"].search(text, sentence.start, sentence.end)
        if not less and at_large is not None:
            less = [one for one in named if _is_told_less(text, sections, one)]
        if less and words["worse"].search(text, max(0, sentence.start - 4 * NEAR), sentence.end):
            one = less[0]
            span = (at_large.start(), at_large.end()) if at_large and one not in own else (one.start, one.end)
            yield _term(span, one.medicine.stem + UNDERDOSED, one)
            yield _reason(text, sections, sentence, one, span)
            return


def _is_told_less(text: str, sections: Sequence[Section], one: NamedMedicine) -> bool:
    section = next((s for s in sections if s.start <= one.start < s.end), None)
    if section is None or section.kind not in _HISTORY:
        return False
    sentences = find_sentences(text, section.body_start, section.end)
    return any(s.start <= one.start and one.end <= s.end and _is_less(text, s, one) for s in sentences)


def _is_less(text: str, sentence: Sentence, one: NamedMedicine) -> bool:
    """Whether words right before or after the medicine say that it is taken less than told."""
    words = _words()
    before = text[max(sentence.start, one.start - 2 * NEAR) : one.start]
    found = max((match.end() for match in words["less_before"].finditer(before)), default=-1)
    if found >= 0 and words["between"].fullmatch(before, found):
        return True
    return words["less_after"].match(text[one.end : min(sentence.end, one.end + NEAR)].lstrip(" (,-")) is not None


def _reason(text: str, sections: Sequence[Section], sentence: Sentence, one: NamedMedicine, span: Span) -> MeasuredTerm:
    """The code of the reason, read from the sentence, the one after it, and the one where the history names the medicine."""
    words = _words()
    said = text[sentence.start : min(len(text), sentence.end + 4 * NEAR)] + " " + text[max(0, one.start - 4 * NEAR) : one.end + 4 * NEAR]
    code = "Z91.148"
    if words["hardship"].search(said):
        code = "Z91.120"
    elif words["intended"].search(said):
        code = "Z91.128"
    elif words["forgotten"].search(said):
        code = "Z91.138"
    # The codes of one span are one mention; the reason stands in the words before or after the medicine.
    return MeasuredTerm(span[0], max(span[0] + 1, span[1] - 1), (code,), f"drug:{one.medicine.id}", age="")


@cache
def _words() -> dict[str, re.Pattern[str]]:
    lists = tomllib.loads(knowledge_of("fhir_coder.reading").joinpath("drug_effects.toml").read_text(encoding="utf-8"))
    found = {name: re.compile(rf"(?<![\w-])(?:{'|'.join(patterns)})(?![\w-])", re.IGNORECASE) for name, patterns in lists.items()}
    found["between"] = re.compile(rf"\s*(?:(?:{'|'.join(lists['between'])})\s+)*", re.IGNORECASE)
    found["induced"] = re.compile(rf"(?:{'|'.join(lists['induced'])})", re.IGNORECASE)
    return found
