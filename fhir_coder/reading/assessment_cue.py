"""Finding where the assessment begins in a note that has no heading for it.

Many short notes are one paragraph that ends "I think this is ... We will start ...". The cues are data (``assessment_cues.tsv``). Others put the
diagnosis on a line of its own after the findings ("Atopic dermatitis"), or a numbered list.
"""

from __future__ import annotations

import re
from functools import cache

from fhir_coder.reading.problem_words import load_words
from fhir_coder.reading.sentences import Sentence, find_sentences
from terminology.knowledge import knowledge_of

#: An action cue begins the assessment only after this share of the text: before it, what was done earlier is being told.
ACTION_FROM = 0.4

_MOST_WORDS = 7
_FIRST = re.compile(r"1[.)]?[ \t]+[A-Z]")
_SECOND = re.compile(r"^[ \t]*2[.)]?[ \t]+[A-Z]", re.MULTILINE)
_HEAD = re.compile(r"[^\d\n.,;:=?—–]+(?=[\n.,;:—–]|$|[ \t]-[ \t])")
_WORD = re.compile(r"[A-Za-z][A-Za-z'/-]*")
# What is absent, past, another's or only a finding is no diagnosis of this visit.
_TELLS_NOTHING = frozenset(
    {
        "no",
        "not",
        "without",
        "denies",
        "denied",
        "negative",
        "neg",
        "hx",
        "history",
        "pmh",
        "fh",
        "fhx",
        "father",
        "mother",
        "exam",
        "tender",
        "normal",
        "clear",
        "since",
        "after",
        "takes",
        "on",
        "he",
        "she",
        "they",
        "his",
        "her",
        "edema",
        "allergy",
        "allergies",
        "screening",
    }
)


def find_assessment_start(text: str, start: int, end: int) -> int | None:
    """Offset of the sentence that begins the assessment within ``text[start:end]``, or None when none plainly does."""
    sentences = find_sentences(text, start, end)
    clear = next((sentence for sentence in sentences if _has_cue(text, sentence, "clear")), None)
    action = next((one for one in sentences if _is_action(text, one, start, end) or _is_diagnosis(text, one, start, end)), None)
    first = min((sentence.start for sentence in (clear, action) if sentence is not None), default=None)
    return first if first is not None and (first > start or clear is not None) else None


def _is_action(text: str, sentence: Sentence, start: int, end: int) -> bool:
    return sentence.start - start >= ACTION_FROM * (end - start) and _has_cue(text, sentence, "action")


def _is_diagnosis(text: str, sentence: Sentence, start: int, end: int) -> bool:
    """Whether the sentence begins a line late in the text, the first of a numbered list or one that opens with a short name of a disorder."""
    is_late = sentence.start - start >= ACTION_FROM * (end - start)
    if not is_late or text[text.rfind("\n", 0, sentence.start) + 1 : sentence.start].strip() or sentence.start == start:
        return False
    if _FIRST.match(text, sentence.start, sentence.end):
        return _SECOND.search(text, sentence.end, end) is not None
    head = _HEAD.match(text, sentence.start, sentence.end)
    words = [word.lower() for word in _WORD.findall(head.group())] if head else []
    lists = load_words()
    if not words or len(words) > _MOST_WORDS or _TELLS_NOTHING.intersection(words) or any(word in lists.verbs for word in words):
        return False
    return any(word in lists.disorders or word.endswith(lists.endings) for word in words)


def _has_cue(text: str, sentence: Sentence, strength: str) -> bool:
    return _pattern(strength).search(text, sentence.start, sentence.end) is not None


@cache
def _pattern(strength: str) -> re.Pattern[str]:
    lines = knowledge_of("fhir_coder.reading").joinpath("assessment_cues.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")][1:]
    cues = sorted((cue for kind, cue in rows if kind == strength), key=len, reverse=True)
    return re.compile(r"\b(?:" + "|".join(re.escape(cue).replace(r"\ ", r"\s+") for cue in cues) + r")\b", re.IGNORECASE)
