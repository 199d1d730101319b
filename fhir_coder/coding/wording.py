"""The words around a code's mentions, as features of the ranker: is it cared for, how is it doing, is it only what a test or a drug is for.

Patterns, not vocabulary: what the words of medicine mean is for the dictionary, and what is denied or suspected for the context rules.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fhir_coder.coding.support import Pillar
from fhir_coder.model import Assertions
from terminology.codebook import Codebook

NAMES = (
    "cared_for_in_sentence",
    "dose_in_sentence",
    "course_in_sentence",
    "only_before_test_words",
    "only_as_purpose",
    "only_as_cause",
    "resolved_in_sentence",
    "title_words_named",
    "last_place_in_note",
    "in_first_line",
)

CARE = re.compile(
    r"\b(?:continu\w+|start\w*|stop\w*|resum\w+|increas\w+|decreas\w+|refill\w*|renew\w*|prescri\w+|refer\w*|order\w*|recheck\w*|repeat\w*|"
    r"monitor\w*|follow\w*|f/?u|treat\w*|advis\w+|recommend\w*|counsel\w*|inject\w+|therapy|schedul\w+|titrat\w+|switch\w*|add(?:ed|ing)?|trial)\b",
    re.IGNORECASE,
)
DOSE = re.compile(
    r"\b\d+(?:\.\d+)?\s?(?:mg|mcg|g|units?|u|ml|puffs?|tabs?|%)\b|\b(?:bid|tid|qid|qhs|qam|prn|daily|weekly|nightly)\b", re.IGNORECASE
)
_COURSE = re.compile(
    r"\b(?:(?:un|well |poorly )?controlled|stable|at (?:goal|target)|above (?:goal|target)|improv\w+|worsen\w*|worse|better|flare\w*|exacerbat\w+|"
    r"progress\w+|persist\w+|recurren\w+|chronic|acute|compensated|unchanged|ongoing)\b",
    re.IGNORECASE,
)
_RESOLVED = re.compile(r"\b(?:resolved|healed|recovered|remission|s/p|status post|prior|previous|past|history of|h/o)\b", re.IGNORECASE)
_TEST_AFTER = re.compile(
    r"\W{0,3}(?:panel|studies|study|levels?|screen(?:ing|s)?|labs?|tests?|testing|titers?|serolog\w+|precautions?|education|vaccin\w+|prophylaxis|risk|clinic|"
    r"questionnaire|score|work-?up|medications?|meds?|center|diet|booster|shot)\b",
    re.IGNORECASE,
)
_PURPOSE_BEFORE = re.compile(r"\b(?:for|against|to prevent|helps?|if)\s+(?:\w+\s+){0,2}$", re.IGNORECASE)
_CAUSE_BEFORE = re.compile(
    r"\b(?:due to|secondary to|because of|caused by|from|related to|2/2|d/t|after|setting of)\s+(?:\w+\s+){0,2}$", re.IGNORECASE
)
_WORD = re.compile(r"[a-z]{4,}", re.IGNORECASE)
_BEFORE, _STEM = 40, 5
# Words of titles that notes leave out.
_IDLE = frozenset(
    {
        "unspecified",
        "other",
        "with",
        "without",
        "specified",
        "encounter",
        "disease",
        "disorder",
        "initial",
        "type",
        "elsewhere",
        "classified",
    }
)


class Wording:
    """Reads the words around mentions in the notes of one encounter."""

    def __init__(self, assertions: Assertions, codebook: Codebook) -> None:
        self._texts = {note.id: note.text for note in assertions.encounter.notes}
        self._codebook = codebook

    def features(self, code: str, pillars: Sequence[Pillar]) -> dict[str, float]:
        """The values of ``NAMES``; what is said of any mention counts, but a code is "only" so when all its mentions are."""
        sentences = [self._sentence(pillar) for pillar in pillars]
        mentions = [pillar.assertion.mention for pillar in pillars]
        return {
            "cared_for_in_sentence": float(any(CARE.search(one) for one in sentences)),
            "dose_in_sentence": float(any(DOSE.search(one) for one in sentences)),
            "course_in_sentence": float(any(_COURSE.search(one) for one in sentences)),
            "only_before_test_words": float(all(_TEST_AFTER.match(self._after(pillar)) for pillar in pillars)),
            "only_as_purpose": float(all(_PURPOSE_BEFORE.search(self._before(pillar)) for pillar in pillars)),
            "only_as_cause": float(all(_CAUSE_BEFORE.search(self._before(pillar)) for pillar in pillars)),
            "resolved_in_sentence": float(any(_RESOLVED.search(one) for one in sentences)),
            "title_words_named": self._title_words_named(code, sentences),
            "last_place_in_note": max(one.start / max(1, len(self._texts[one.note_id])) for one in mentions),
            "in_first_line": float(any("\n" not in self._texts[one.note_id][: one.start].strip() for one in mentions)),
        }

    def _sentence(self, pillar: Pillar) -> str:
        mention = pillar.assertion.mention
        return self._texts[mention.note_id][mention.sentence_start : mention.sentence_end]

    def _before(self, pillar: Pillar) -> str:
        mention = pillar.assertion.mention
        return self._texts[mention.note_id][max(mention.sentence_start, mention.start - _BEFORE) : mention.start]

    def _after(self, pillar: Pillar) -> str:
        mention = pillar.assertion.mention
        return self._texts[mention.note_id][mention.end : mention.end + _BEFORE]

    def _title_words_named(self, code: str, sentences: list[str]) -> float:
        """The share of the telling words of the title that one sentence has."""
        wanted = _stems(self._codebook.title(code))
        return max((len(wanted & _stems(one)) / len(wanted) for one in sentences), default=0.0) if wanted else 1.0


def _stems(text: str) -> set[str]:
    return {word.lower()[:_STEM] for word in _WORD.findall(text)} - {word[:_STEM] for word in _IDLE}
