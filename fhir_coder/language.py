"""Is a note in English? The engine reads no other language, so a note that is not must reach a person.

The text is judged in windows by byte n-gram statistics (py3langid, 140 languages), so that a note which is Spanish under English headings is
found and one with a line of Spanish instructions is not. A window counts as foreign only by a clear margin over English: drug lists,
abbreviations and Latin anatomy are English here, though their letters look like nothing in particular.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

WINDOW = 250
"""Characters in one window, about forty words: long enough for terse English, short enough for one foreign paragraph."""

MARGIN = 0.6
"""Least advantage of a foreign language over English, in nats per byte. Terse English, drug and Latin lists reach 0.55; foreign notes start
at 0.8."""

FOREIGN_SHARE = 0.25
"""Share of a note's letters in foreign windows from which the note is not English."""

LEAST_LETTERS = 20
"""Fewer letters than this say nothing."""

ENGLISH_WORDS = frozenset(
    [
        "the",
        "and",
        "with",
        "she",
        "his",
        "her",
        "which",
        "been",
        "that",
        "this",
        "from",
        "were",
        "are",
        "by",
        "not",
        "without",
        "since",
        "after",
        "about",
        "when",
        "will",
        "patient",
        "history",
        "denies",
        "pain",
        "knee",
        "left",
        "right",
        "blood",
        "pressure",
        "today",
        "week",
        "weeks",
        "year",
        "years",
        "old",
        "daily",
        "continue",
        "follow",
        "visit",
        "refill",
        "cough",
        "fever",
        "back",
        "again",
        "exam",
        "lungs",
        "clear",
        "follows",
        "here",
        "reports",
        "takes",
        "taking",
        "started",
        "given",
        "both",
        "neck",
        "chest",
        "breath",
        "swelling",
        "stable",
        "well",
    ]
)
"""Words that English notes cannot do without and other languages hardly write."""

ENGLISH_SHARE = 0.08
"""Share of such words among the words of a window from which it is English without any statistics, if there are three of them."""

_WORD = re.compile(r"[^\W\d_]+")
_NOT_SPOKEN = frozenset({"la", "vo", "eo", "zxx", "pcm"})
"""Labels that clinical English is mistaken for and no note is written in: Latin, constructed languages, no language, Nigerian Pidgin."""


class Language(StrEnum):
    """The verdict on a text; too little text is undetermined."""

    ENGLISH = "english"
    OTHER = "other"
    UNDETERMINED = "undetermined"


def detect_language(text: str) -> Language:
    """Whether the text is English. Deterministic; about 1 ms for a note of two pages that is terse, less for one in sentences."""
    windows = [(window, _WORD.findall(window)) for window in _windows(text)]
    counted = [(window, words, sum(map(len, words))) for window, words in windows]
    letters = sum(count for _, _, count in counted)
    if letters < LEAST_LETTERS:
        return Language.UNDETERMINED
    doubtful = [(window, count) for window, words, count in counted if count >= LEAST_LETTERS and not _are_plainly_english(words)]
    foreign, unread = 0, sum(count for _, count in doubtful)
    for window, count in doubtful:
        if foreign + unread < FOREIGN_SHARE * letters:  # what is left cannot change the verdict
            break
        unread -= count
        foreign += count if _is_foreign(window) else 0
    return Language.OTHER if foreign >= FOREIGN_SHARE * letters else Language.ENGLISH


def _windows(text: str) -> Iterator[str]:
    """Pieces of about ``WINDOW`` characters, cut at blanks where there are some; a short rest joins the piece before it."""
    start, end = 0, len(text)
    while start < end:
        stop = start + WINDOW
        if end - stop < WINDOW // 2:
            stop = end
        else:
            blank = text.rfind(" ", start + WINDOW // 2, stop)
            stop = stop if blank < 0 else blank
        yield text[start:stop]
        start = stop


def _is_foreign(window: str) -> bool:
    """Whether a spoken language other than English explains the window clearly better."""
    prose = " ".join(window.split())
    scores = dict(_identifier().rank(prose))
    return (max(scores.values()) - scores["en"]) / len(prose.encode("utf-8")) >= MARGIN


def _are_plainly_english(words: Sequence[str]) -> bool:
    return sum(word.lower() in ENGLISH_WORDS for word in words) >= max(3, ENGLISH_SHARE * len(words))


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(set(identifier.labels) - _NOT_SPOKEN)
    return identifier
