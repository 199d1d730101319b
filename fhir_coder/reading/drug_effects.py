"""Adverse effects of medicines that the note tells, as codes of the Table of Drugs (T36-T50), with underdosing and poisoning by them.

An adverse effect is a condition tied to a medicine in so many words: "hypokalemia from chlorthalidone", "statin-induced myalgia" (guideline
I.C.19.e.5.a). What ties them is in :mod:`fhir_coder.reading.drug_ties`; the words are data (``drug_effects.toml``, ``known_effects.tsv``). Whether
the patient is meant, and surely, is judged with every other mention's assertion.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fhir_coder.model import Section, SectionKind
from fhir_coder.reading.body_mass import MeasuredTerm
from fhir_coder.reading.drug_ties import NEAR, Span, Telling, tie
from fhir_coder.reading.drug_words import effect_words, known_effects
from fhir_coder.reading.medicines import NamedMedicine, find_medicines
from fhir_coder.reading.poisoning import find_poisonings
from fhir_coder.reading.sentences import Sentence, find_sentences
from fhir_coder.reading.underdosing import find_underdosing

ADVERSE = "5"

ASSESSED = frozenset({SectionKind.ASSESSMENT, SectionKind.PLAN, SectionKind.ASSESSMENT_AND_PLAN, SectionKind.DIAGNOSES})
_TOLD = ASSESSED | {SectionKind.BODY, SectionKind.REASON_FOR_VISIT}
_NARRATIVE = frozenset({SectionKind.HISTORY_OF_PRESENT_ILLNESS, SectionKind.INTERVAL_HISTORY, SectionKind.SUBJECTIVE})
_NOT_TAKEN = frozenset({SectionKind.ALLERGIES, SectionKind.FAMILY_HISTORY})


def find_drug_effects(text: str, sections: Sequence[Section], conditions: Sequence[Span]) -> Iterator[MeasuredTerm]:
    """Every adverse effect, underdosing and poisoning of the note with its stem; ``conditions`` are the spans of the conditions that it names."""
    named = list(find_medicines(text))
    if not named:
        return
    adverse = list(_adverse(text, sections, named, conditions))
    yield from adverse
    if not adverse:
        yield from _unnamed(text, sections, named)
    yield from find_underdosing(text, sections, named, {term.source for term in adverse})
    yield from find_poisonings(text, sections, named)


def _adverse(text: str, sections: Sequence[Section], named: Sequence[NamedMedicine], conditions: Sequence[Span]) -> Iterator[MeasuredTerm]:
    acted_on: set[str] | None = None
    for section in sections:
        if section.kind not in _TOLD | _NARRATIVE:
            continue
        for sentence, inside in _with_medicines(text, section, named):
            for one in inside:
                span = tie(Telling(text, sentence, one, conditions, section.body_start))
                if span is not None and section.kind in _NARRATIVE:
                    acted_on = _acted_on(text, sections, named) if acted_on is None else acted_on
                    span = span if one.medicine.kind in acted_on else None
                if span is not None:
                    yield MeasuredTerm(*span, (one.medicine.stem + ADVERSE,), f"drug:{one.medicine.id}", age="")


def _with_medicines(text: str, section: Section, named: Sequence[NamedMedicine]) -> Iterator[tuple[Sentence, list[NamedMedicine]]]:
    for sentence in find_sentences(text, section.body_start, section.end):
        inside = [one for one in named if sentence.start <= one.start and one.end <= sentence.end]
        if inside:
            yield sentence, inside


def _acted_on(text: str, sections: Sequence[Section], named: Sequence[NamedMedicine]) -> set[str]:
    """The classes of medicines that the assessment or plan ends, lessens or names as harmful: what a history tells of them is of this visit."""
    acted = effect_words()["acted"]
    return {
        one.medicine.kind
        for section in sections
        if section.kind in ASSESSED
        for sentence, inside in _with_medicines(text, section, named)
        if acted.search(text, sentence.start, sentence.end)
        for one in inside
    }


def _unnamed(text: str, sections: Sequence[Section], named: Sequence[NamedMedicine]) -> Iterator[MeasuredTerm]:
    """A "drug-induced" condition of the assessment, by the one medicine of the note whose class is known for it."""
    taken = [one for one in named if not any(s.kind in _NOT_TAKEN and s.start <= one.start < s.end for s in sections)]
    words = effect_words()
    for section in (section for section in sections if section.kind in _TOLD):
        for sentence in find_sentences(text, section.body_start, section.end):
            found = words["unnamed"].search(text, sentence.start, sentence.end)
            if found is None or words["unless"].search(text, max(sentence.start, found.start() - 2 * NEAR), found.start()):
                continue
            stems = {one.medicine.stem: one for one in taken if _is_known_for(text, sentence, one)}
            if len(stems) == 1:
                stem, one = stems.popitem()
                yield MeasuredTerm(found.start(), found.end(), (stem + ADVERSE,), f"drug:{one.medicine.id}", age="")


def _is_known_for(text: str, sentence: Sentence, one: NamedMedicine) -> bool:
    pattern = known_effects(one.medicine.kind)
    return pattern is not None and pattern.search(text, sentence.start, sentence.end) is not None
