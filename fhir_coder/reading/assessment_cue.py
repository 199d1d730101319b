"""Finding where the assessment begins in a note that has no heading for it.

Many short notes are one paragraph that ends "I think this is ... We will start ...". The cues are data (``assessment_cues.tsv``).
"""

from __future__ import annotations

import re
from functools import cache

from fhir_coder.reading.sentences import Sentence, find_sentences
from terminology.knowledge import knowledge_of

#: An action cue begins the assessment only after this share of the text: before it, what was done earlier is being told.
ACTION_FROM = 0.4


def find_assessment_start(text: str, start: int, end: int) -> int | None:
    """Offset of the sentence that begins the assessment within ``text[start:end]``, or None when none plainly does."""
    sentences = find_sentences(text, start, end)
    clear = next((sentence for sentence in sentences if _has_cue(text, sentence, "clear")), None)
    action = next((sentence for sentence in sentences if _is_action(text, sentence, start, end)), None)
    first = min((sentence.start for sentence in (clear, action) if sentence is not None), default=None)
    return first if first is not None and (first > start or clear is not None) else None


def _is_action(text: str, sentence: Sentence, start: int, end: int) -> bool:
    return sentence.start - start >= ACTION_FROM * (end - start) and _has_cue(text, sentence, "action")


def _has_cue(text: str, sentence: Sentence, strength: str) -> bool:
    return _pattern(strength).search(text, sentence.start, sentence.end) is not None


@cache
def _pattern(strength: str) -> re.Pattern[str]:
    lines = knowledge_of("fhir_coder.reading").joinpath("assessment_cues.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")][1:]
    cues = sorted((cue for kind, cue in rows if kind == strength), key=len, reverse=True)
    return re.compile(r"\b(?:" + "|".join(re.escape(cue).replace(r"\ ", r"\s+") for cue in cues) + r")\b", re.IGNORECASE)
