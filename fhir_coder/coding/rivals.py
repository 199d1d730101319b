"""What else is offered beside a code, as features of the ranker: the problems of the note, the codes of its statement and of its category."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence

from fhir_coder.coding.companions import companion_source
from fhir_coder.coding.kinds import is_of_system, is_symptom
from fhir_coder.coding.support import ASSESSMENT_SECTIONS, Offers, Pillar
from fhir_coder.model import Assertions
from terminology.codebook import Codebook

NAMES = (
    "problems_listed",
    "place_among_problems",
    "codes_in_statement",
    "is_longest_in_statement",
    "is_first_in_statement",
    "codes_of_category",
    "category_named_in_assessment",
    "codes_in_assessment",
    "kinds_of_sections",
    "retrieved_beside_dictionary",
    "symptom_of_diagnosed_system",
    "goes_with_diagnosis",
    "told_as_cause",
    "reason_as_told",
    "only_in_summary",
)

_Place = tuple[str, int]

_SUMMARY = re.compile(
    r"(?:[\w.,'’-]+\s+){0,6}?(?:is|was)?\s*(?:an?|the)?\s*(?:\w+\s+){0,2}?\d{1,3}[\s-]*(?:years?|yrs?|y\.?/?o\.?|months?|mo|weeks?|days?|[MF]\b)[^.]*?"
    r"\b(?:who|present\w*|here|seen|comes?|return\w*|with (?:a )?(?:past|medical|history|PMH))\b",
    re.IGNORECASE,
)


class Rivals:
    """Facts about all codes offered for one encounter."""

    def __init__(self, offers: Offers, assertions: Assertions, codebook: Codebook) -> None:
        self._codebook = codebook
        self._texts = {note.id: note.text for note in assertions.encounter.notes}
        supplying = {note.id for note in assertions.encounter.notes if note.supplies_diagnoses} or self._texts.keys()
        mentions = (one.mention for one in assertions.assertions)
        statements = [one for one in mentions if one.is_problem_statement and one.note_id in supplying]
        self._order = {(one.note_id, one.start): place for place, one in enumerate(statements, 1)}
        self._in_statement: dict[_Place, dict[str, tuple[int, int]]] = defaultdict(dict)
        self._of_category: dict[str, set[str]] = defaultdict(set)
        self._assessed = {code for code, pillars in offers.pillars.items() if _is_assessed(pillars)}
        self._known = {place for pillars in offers.pillars.values() for p in pillars if not _is_retrieved(p) and (place := _place(p))}
        for code, pillars in offers.pillars.items():
            self._of_category[code[:3]].add(code)
            for pillar in pillars:
                if place := _place(pillar):
                    mention = pillar.assertion.mention
                    known = self._in_statement[place].get(code, (mention.start, 0))
                    self._in_statement[place][code] = min(known[0], mention.start), max(known[1], len(mention.text))

    def features(self, code: str, pillars: Sequence[Pillar]) -> dict[str, float]:
        """The values of ``NAMES``."""
        places = [place for pillar in pillars if (place := _place(pillar))]
        beside = [self._in_statement[place] for place in places]
        diagnoses = [one for one in self._assessed if one != code and one[0] not in "VWXYZ" and not is_symptom(self._codebook, one)]
        symptom = is_symptom(self._codebook, code)
        return {
            "problems_listed": math.log1p(len(self._order)),
            "place_among_problems": math.log1p(min((self._order.get(place, 0) for place in places), default=0)),
            "codes_in_statement": math.log1p(min((len(one) for one in beside), default=0)),
            "is_longest_in_statement": float(any(one[code][1] == max(length for _, length in one.values()) for one in beside)),
            "is_first_in_statement": float(any(one[code][0] == min(start for start, _ in one.values()) for one in beside)),
            "codes_of_category": math.log1p(len(self._of_category[code[:3]]) - 1),
            "category_named_in_assessment": float(any(one != code and one in self._assessed for one in self._of_category[code[:3]])),
            "codes_in_assessment": math.log1p(len(self._assessed)),
            "kinds_of_sections": math.log1p(len({pillar.assertion.mention.section for pillar in pillars})),
            "retrieved_beside_dictionary": float(all(_is_retrieved(p) and _place(p) in self._known for p in pillars)),
            "symptom_of_diagnosed_system": float(symptom and is_of_system(code, diagnoses)),
            "goes_with_diagnosis": float(bool(companion_source(code, self._assessed - {code}))),
            "told_as_cause": float(_has_source(pillars, "mechanism:")),
            "reason_as_told": float(_has_source(pillars, "reason:")),
            "only_in_summary": float(bool(self._order) and all(self._is_in_summary(pillar) for pillar in pillars)),
        }

    def _is_in_summary(self, pillar: Pillar) -> bool:
        """Whether the mention stands in a sentence that says who the patient is and what for they come: before the problems are told."""
        mention = pillar.assertion.mention
        return _SUMMARY.match(self._texts[mention.note_id], mention.sentence_start, mention.sentence_end) is not None


def _has_source(pillars: Sequence[Pillar], kind: str) -> bool:
    return any(pillar.candidate.source.startswith(kind) for pillar in pillars)


def _is_assessed(pillars: Sequence[Pillar]) -> bool:
    return any(p.assertion.mention.section in ASSESSMENT_SECTIONS or p.statement for p in pillars)


def _is_retrieved(pillar: Pillar) -> bool:
    return pillar.candidate.source.startswith("retrieval:")


def _place(pillar: Pillar) -> _Place | None:
    """The statement that the mention belongs to, by where it begins."""
    return (pillar.statement.mention.note_id, pillar.statement.mention.start) if pillar.statement else None
