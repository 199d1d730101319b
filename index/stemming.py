"""Words cut to what their relatives share, for the word index: "fractured" meets "fracture", "infected" meets "infection".

A light suffix stripper in the spirit of Lovins' longest-match stemmer (J. B. Lovins, "Development of a stemming algorithm", 1968), with a
list short enough to read. It over-strips rather than under-strips: retrieval only offers candidates.
"""

from __future__ import annotations

from index.normalise import BREAK, forms

#: Longest first; at least :data:`_MIN_STEM` letters must remain.
_SUFFIXES = (
    "ations", "ation", "ings", "ness", "ical", "ions", "ally", "ing", "ion", "ity", "ous", "ive", "ial", "ed", "al", "ic", "ia",
    "ly", "e", "y",
)  # fmt: skip
_MIN_STEM = 4

#: Words that tell no two conditions apart.
STOP_WORDS = frozenset({"of", "in", "a", "an", "to", "on", "at", "by", "for", "and", "or", "is", "nos", ",", "(", ")", BREAK})


def stem(word: str) -> str:
    """The stem of one comparable form. The ending of an inflammation or a disease state ("-itis", "-osis") is meaning and stays."""
    if word.endswith(("itis", "osis")):
        return word
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _MIN_STEM:
            return word[: -len(suffix)]
    return word


def stems(text: str) -> frozenset[str]:
    """The distinct stems of a text, without stop words."""
    return frozenset(stem(form) for form in forms(text) if form not in STOP_WORDS)
