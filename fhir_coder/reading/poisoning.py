"""Medicines swallowed by accident, too much or by mistake: poisoning by the medicine (T36-T50, character 1; guideline I.C.19.e.5.b)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fhir_coder.model import Section, SectionKind
from fhir_coder.reading.body_mass import MeasuredTerm
from fhir_coder.reading.drug_words import effect_words
from fhir_coder.reading.medicines import NamedMedicine
from fhir_coder.reading.sentences import find_sentences

ACCIDENTAL, SELF_HARM = "1", "2"

#: The medicine stands at most so many characters from the words that tell of the poisoning.
_NEAR = 45

_ELSEWHERE = frozenset(
    {
        SectionKind.ALLERGIES,
        SectionKind.FAMILY_HISTORY,
        SectionKind.SOCIAL_HISTORY,
        SectionKind.PAST_MEDICAL_HISTORY,
        SectionKind.PROBLEM_LIST,
        SectionKind.MEDICATIONS,
        SectionKind.INSTRUCTIONS,
    }
)


def find_poisonings(text: str, sections: Sequence[Section], named: Sequence[NamedMedicine]) -> Iterator[MeasuredTerm]:
    """The medicine of every sentence that tells of a poisoning, once for each medicine."""
    words = effect_words()
    known: set[str] = set()
    for sentence in (
        s for section in sections if section.kind not in _ELSEWHERE for s in find_sentences(text, section.body_start, section.end)
    ):
        found = words["poisoned"].search(text, sentence.start, sentence.end)
        if found is None or words["no_poisoning"].search(text, sentence.start, sentence.end):
            continue
        inside = [one for one in named if sentence.start <= one.start and one.end <= sentence.end]
        near = [one for one in inside if one.start - found.end() <= _NEAR and found.start() - one.end <= _NEAR]
        intent = SELF_HARM if words["self_harm"].search(text, sentence.start, sentence.end) else ACCIDENTAL
        for one in near[:1]:
            if one.medicine.stem not in known:
                known.add(one.medicine.stem)
                span = min(found.start(), one.start), max(found.end(), one.end)
                yield MeasuredTerm(*span, (one.medicine.stem + intent,), f"drug:{one.medicine.id}", age="")
