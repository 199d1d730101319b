"""A ranked code on its way to a decision, and what selection asks of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from fhir_coder.coding.kinds import is_symptom
from fhir_coder.coding.support import ASSESSMENT_SECTIONS, PLAN_SECTIONS, Pillar, is_incidental
from fhir_coder.model import Assertion, RejectionReason, SectionKind
from terminology.codebook import Codebook

_AFFIRMING = frozenset({"pos-backward"})
_MARKER = re.compile(r"\s*(?:(?:[-*#•–—]+|\(?\d{1,2}[.):]?|[A-Za-z][.):]|A/?P?:)\s*)*")
"""What may stand before a problem on its line."""
_WORDS_BEFORE = 3
Place = tuple[str, int]
"""Where a sentence begins: note and offset."""
_TODAY = PLAN_SECTIONS | {SectionKind.MEDICATIONS, SectionKind.VITALS, SectionKind.PHYSICAL_EXAM, SectionKind.OBJECTIVE, SectionKind.BODY}


@dataclass(frozen=True, slots=True)
class RankedCode:
    """A code with what speaks for it, its features and probability, and the ``rule`` that decided it, if one did."""

    code: str
    pillars: tuple[Pillar, ...]
    features: Mapping[str, float]
    probability: float
    rule: str = ""

    @property
    def is_named(self) -> bool:
        """Whether words of the note name the code itself: by the dictionary or a measure, not by retrieval nor as the history of something."""
        return any(not pillar.is_history and not pillar.candidate.source.startswith("retrieval:") for pillar in self.pillars)

    @property
    def is_of_a_medicine(self) -> bool:
        """Whether it tells of a medicine in use: that the patient goes on taking it is read from the history as well as from the plan."""
        return self.has_source("drug:")

    @property
    def is_of_gestation(self) -> bool:
        """Whether it tells the weeks of the present pregnancy, wherever the note has them."""
        return self.has_source("measure:gestation")

    @property
    def is_only_tested_for(self) -> bool:
        """Whether the notes have its words as the name of a test, vaccine or precaution alone ("rapid strep test")."""
        return bool(self.features.get("only_before_test_words"))

    @property
    def is_in_plan(self) -> bool:
        """Whether it is named where this visit's care is told: the assessment, the plan, the medicines, or measured today."""
        return bool(self.sections & _TODAY)

    @property
    def sections(self) -> frozenset[SectionKind]:
        """Where its mentions stand."""
        return frozenset(pillar.assertion.mention.section for pillar in self.pillars)

    @property
    def notes(self) -> frozenset[str]:
        """The notes in which its mentions stand."""
        return frozenset(pillar.assertion.mention.note_id for pillar in self.pillars)

    @property
    def statements(self) -> frozenset[tuple[str, int]]:
        """Where the problem statements or sentences begin that speak for it: note and offset."""
        mentions = [(pillar.statement or pillar.assertion).mention for pillar in self.pillars]
        return frozenset((mention.note_id, mention.sentence_start) for mention in mentions)

    @property
    def named_statements(self) -> frozenset[tuple[str, int]]:
        """Where the problem statements begin in which the dictionary names it: note and offset."""
        return frozenset((one.mention.note_id, one.mention.start) for one in _statements(self._named_pillars))

    @property
    def problems(self) -> frozenset[tuple[str, int]]:
        """Where the sentences begin whose problem statements speak for it: note and offset."""
        return frozenset((one.mention.note_id, one.mention.sentence_start) for one in _statements(self.pillars))

    @property
    def named_problems(self) -> frozenset[tuple[str, int]]:
        """The same, where the dictionary names it; and the sentences of an assessment that affirm it in so many words ("though constipation is
        present")."""
        told = (*_statements(self._named_pillars), *self._affirmed)
        return frozenset((one.mention.note_id, one.mention.sentence_start) for one in told)

    @property
    def named_in_problems(self) -> Iterator[tuple[Place, int, int]]:
        """Where words of a problem in an assessment name it: the place of the sentence, begin and end of the words."""
        for pillar in self._named_pillars:
            mention = pillar.assertion.mention
            if pillar.statement is not None and not pillar.is_history and mention.section in ASSESSMENT_SECTIONS:
                yield (mention.note_id, pillar.statement.mention.sentence_start), mention.start, mention.end

    @property
    def is_stated_plainly(self) -> bool:
        """Whether a problem statement is nothing but its name, or a sentence of an assessment affirms it in so many words."""
        return self.features.get("statement_share", 0.0) >= 1.0 or bool(self._affirmed)

    @property
    def _affirmed(self) -> tuple[Assertion, ...]:
        return tuple(
            one.assertion
            for one in self._named_pillars
            if one.assertion.mention.section in ASSESSMENT_SECTIONS and _AFFIRMING.intersection(one.assertion.cues)
        )

    def heads(self, texts: Mapping[str, str]) -> frozenset[tuple[str, int]]:
        """Where the sentences begin whose line in an assessment opens with words by which the dictionary names it: note and offset."""
        found = set()
        for pillar in self._named_pillars:
            statement = pillar.statement
            if statement is None or pillar.is_history or pillar.assertion.mention.section not in ASSESSMENT_SECTIONS:
                continue
            start, text = statement.mention.start, texts[statement.mention.note_id]
            is_line = _MARKER.fullmatch(text[text.rfind("\n", 0, start) + 1 : start])
            if is_line and len(text[start : pillar.assertion.mention.start].split()) <= _WORDS_BEFORE:
                found.add((statement.mention.note_id, statement.mention.sentence_start))
        return frozenset(found)

    def opened_lines(self, texts: Mapping[str, str]) -> frozenset[Place]:
        """Where the sentences begin whose line in an assessment opens with words by which the dictionary names it, be they a problem statement
        or words that tell ("has an artificial knee")."""
        found = set()
        for pillar in self._named_pillars:
            mention = pillar.assertion.mention
            if pillar.is_history or mention.section not in ASSESSMENT_SECTIONS:
                continue
            text = texts[mention.note_id]
            before = _MARKER.sub("", text[text.rfind("\n", 0, mention.start) + 1 : mention.start], count=1)
            if len(before.split()) <= _WORDS_BEFORE:
                found.add((mention.note_id, mention.sentence_start))
        return frozenset(found)

    @property
    def _named_pillars(self) -> tuple[Pillar, ...]:
        return tuple(pillar for pillar in self.pillars if not pillar.candidate.source.startswith("retrieval:"))

    def has_source(self, kind: str) -> bool:
        """Whether a source of that kind ("drug:", "mechanism:") offered it."""
        return any(pillar.candidate.source.startswith(kind) for pillar in self.pillars)

    def is_diagnosis(self, codebook: Codebook) -> bool:
        """Whether it may explain a symptom: neither a symptom nor a reason for the encounter nor an incidental finding."""
        return self.code[0] not in "VWXYZ" and not is_symptom(codebook, self.code) and not is_incidental(self.pillars)


def _statements(pillars: Iterable[Pillar]) -> Iterator[Assertion]:
    """The problem statements around them."""
    return (pillar.statement for pillar in pillars if pillar.statement is not None)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A ranked code that is not assigned, why, and the code that stands ``instead`` of it (or empty)."""

    ranked: RankedCode
    reason: RejectionReason
    instead: str = ""
