"""A medicine taken less than told beside a condition that got worse, with the reason for it (T36-T50, character 6, Z91.12-Z91.14 and Z91.A;
guideline I.C.19.e.5.c). The words are data (``drug_effects.toml``)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from fhir_coder.model import Section, SectionKind
from fhir_coder.reading.body_mass import MeasuredTerm
from fhir_coder.reading.demographics import stated_age
from fhir_coder.reading.drug_ties import NEAR
from fhir_coder.reading.drug_words import effect_words
from fhir_coder.reading.medicines import NamedMedicine
from fhir_coder.reading.sentences import Sentence, find_sentences

UNDERDOSED = "6"

#: Below this age somebody else gives the medicine (Z91.A).
_OWN_AGE = 14

#: The reason for an underdosing by its list of words, in the order in which they are asked: the patient's code, the caregiver's.
_REASONS = (
    ("hardship", "Z91.120", "Z91.A20"),
    ("debility", "Z91.130", "Z91.A3"),
    ("forgotten", "Z91.138", "Z91.A3"),
    ("intended", "Z91.128", "Z91.A28"),
)
_OTHER = ("Z91.148", "Z91.A48")

_ASSESSED = frozenset({SectionKind.ASSESSMENT, SectionKind.PLAN, SectionKind.ASSESSMENT_AND_PLAN, SectionKind.DIAGNOSES, SectionKind.BODY})
_HISTORY = frozenset(
    {
        SectionKind.HISTORY_OF_PRESENT_ILLNESS,
        SectionKind.INTERVAL_HISTORY,
        SectionKind.SUBJECTIVE,
        SectionKind.CHIEF_COMPLAINT,
        SectionKind.REASON_FOR_VISIT,
        SectionKind.MEDICATIONS,
    }
)


@dataclass(frozen=True, slots=True)
class _Less:
    """A medicine that a sentence tells to be taken less than told; ``is_own`` says that the patient's doing is certain."""

    one: NamedMedicine
    sentence: Sentence
    is_own: bool


def find_underdosing(
    text: str, sections: Sequence[Section], named: Sequence[NamedMedicine], harmful: Collection[str]
) -> Iterator[MeasuredTerm]:
    """The first medicine of the note that is told to be underdosed, with the reason; ``harmful`` are the sources of those that were stopped as
    they did harm."""
    named = [one for one in named if f"drug:{one.medicine.id}" not in harmful]
    assessed = [s for section in sections if section.kind in _ASSESSED for s in find_sentences(text, section.body_start, section.end)]
    told = [s for section in sections if section.kind in _HISTORY for s in find_sentences(text, section.body_start, section.end)]
    own = _first_less(text, assessed, named)
    history = _first_less(text, told, named)
    found = _of_assessment(text, assessed, own, history or own)
    if found is None:
        return
    less, span = found
    yield MeasuredTerm(*span, (less.one.medicine.stem + UNDERDOSED,), f"drug:{less.one.medicine.id}", age="")
    # The codes of one span are one mention; the reason stands in the words before or after the medicine.
    echoes = [s for s in (*assessed, *told) if effect_words()["less_at_large"].search(text, s.start, s.end)]
    code = _reason(text, {(s.start, s.end) for s in (less.sentence, *_around(assessed, span), *echoes)}, [*assessed, *told])
    yield MeasuredTerm(span[0], max(span[0] + 1, span[1] - 1), (code,), f"drug:{less.one.medicine.id}", age="")


def _of_assessment(
    text: str, assessed: Sequence[Sentence], own: Sequence[_Less], told: Sequence[_Less]
) -> tuple[_Less, tuple[int, int]] | None:
    """The underdosing that the assessment tells of, with the words that tell it there."""
    worse, at_large = effect_words()["worse"], effect_words()["less_at_large"]
    is_worse = any(worse.search(text, s.start, s.end) for s in assessed)
    for less in own:
        is_here = worse.search(text, max(0, less.sentence.start - 4 * NEAR), less.sentence.end)
        if is_here or (less.is_own and is_worse):
            is_given = effect_words()["caregiver"].search(text, less.sentence.start, less.sentence.end)
            apart = _echo(text, assessed, less.sentence) if is_given else None  # told of the mother, it is still the child's
            return less, apart or (less.one.start, less.one.end)
    for sentence in assessed if told else ():
        echo = at_large.search(text, sentence.start, sentence.end)
        if echo and worse.search(text, max(0, sentence.start - 4 * NEAR), sentence.end):
            return told[0], echo.span()
    return None


def _echo(text: str, assessed: Sequence[Sentence], but: Sentence) -> tuple[int, int] | None:
    """Words of another sentence of the assessment that tell of an underdosing at large."""
    found = (effect_words()["less_at_large"].search(text, s.start, s.end) for s in assessed if s != but)
    return next((match.span() for match in found if match), None)


def _first_less(text: str, sentences: Sequence[Sentence], named: Sequence[NamedMedicine]) -> list[_Less]:
    found = []
    for sentence in sentences:
        for one in (one for one in named if sentence.start <= one.start and one.end <= sentence.end):
            is_own = _is_less(text, sentence, one)
            if is_own is not None:
                found.append(_Less(one, sentence, is_own))
    return sorted(found, key=lambda less: not less.is_own)


def _is_less(text: str, sentence: Sentence, one: NamedMedicine) -> bool | None:
    """Whether words right before or after the medicine say that it is taken less than told: True by the patient's own doing, False as far as one
    can tell, None not at all."""
    words = effect_words()
    whole = text[sentence.start : sentence.end]
    before = text[max(sentence.start, one.start - 2 * NEAR) : one.start]
    after = text[one.end : min(sentence.end, one.end + 2 * NEAR)]
    if words["not_less"].search(before[-NEAR:]) or words["long_ago"].search(after):
        return None
    own = [match for match in words["own_less"].finditer(before) if words["between"].fullmatch(before, match.end())]
    if own or words["own_less_after"].match(after.lstrip(" (,-:")):
        return True
    told = [match for match in words["less_before"].finditer(before) if words["between"].fullmatch(before, match.end())]
    if not told and not words["less_after"].match(after.lstrip(" (,-:")):
        return None
    if told and words["by_clinician"].search(text[max(sentence.start, one.start - 2 * NEAR) : one.start]):
        return None
    return bool(words["own_doing"].search(whole))


def _around(sentences: Sequence[Sentence], span: tuple[int, int]) -> list[Sentence]:
    return [s for s in sentences if s.start <= span[0] < s.end]


def _reason(text: str, spans: Collection[tuple[int, int]], sentences: Sequence[Sentence]) -> str:
    """The code of the reason, read from the sentences of these spans and the ones after them, else from the one before."""
    following = [s for s in sentences if any(0 <= s.start - end <= 3 for _, end in spans)]
    before = [s for s in sentences if any(0 <= start - s.end <= 3 for start, _ in spans)]
    age = stated_age(text)
    is_given = age is not None and age < _OWN_AGE and effect_words()["caregiver"].search(text) is not None
    for places in (spans, [(s.start, s.end) for s in following], [(s.start, s.end) for s in before]):
        for name, patient, caregiver in _REASONS:
            pattern: re.Pattern[str] = effect_words()[name]
            if any(pattern.search(text, start, end) for start, end in places):
                return caregiver if is_given else patient
    return _OTHER[is_given]
