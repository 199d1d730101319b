"""Which sides a text names: "R knee", "both eyes", "OD"."""

from __future__ import annotations

import re
from functools import cached_property

from fhir_coder.body_parts import about_its_part, parts_of

_SIDE_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "bilateral",
        re.compile(
            r"\b(?:bilateral(?:ly)?|bilat|b/l|both|bl|each (?:eye|ear|knee|hip|side|foot|leg|hand|breast))\b|\bright and left\b|\bleft and right\b",
            re.IGNORECASE,
        ),
    ),
    ("right", re.compile(r"\b(?:right|rt|r)\b|\bright-", re.IGNORECASE)),
    ("left", re.compile(r"\b(?:left|lt|l)\b|\bleft-", re.IGNORECASE)),
)
# The abbreviations of eyes, ears and limbs stand in capitals: "OD" is an eye, "od" once daily.
_CAPITALS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("bilateral", re.compile(r"\b(?:OU|AU|BLE|BUE)\b")),
    ("right", re.compile(r"\b(?:OD|AD|RLE|RUE)\b")),
    ("left", re.compile(r"\b(?:OS|AS|LLE|LUE)\b")),
)
# "R" and "L" alone are sides only in capitals ("R knee", "L5" is not): the lower-case letters are list marks and units.
_LONE_LETTER = re.compile(r"(?<![/\w])[rl](?![/\w])")
# Any word that may be a side, whatever its case: what has none is not searched for each.
_ANY_SIDE = re.compile(r"\b(?:bilat|b/l|both|each|bl\b|r(?:igh)?t?\b|l(?:ef)?t?\b|[ao][dsu]\b|[blr][lu]e\b)", re.IGNORECASE)
_HANDEDNESS = re.compile(
    r"\b(?:right|left)[- ]hand(?:ed)?(?: dominan(?:t|ce))?\b(?=\s+(?:dominant|male|female|man|woman|gentleman|patient))", re.IGNORECASE
)


class NoteText(str):
    """The text of a note that remembers which sides it names: it is asked for every code, and what it remembers goes with it."""

    @cached_property
    def sides(self) -> frozenset[str]:
        """The sides that it names anywhere."""
        return _sides(self)

    @cached_property
    def beside(self) -> dict[tuple[re.Pattern[str], ...], frozenset[str]]:
        """The sides that it names beside parts of the body, as far as they were asked for."""
        return {}


def named_sides(text: str) -> frozenset[str]:
    """The sides that the text names: ``right``, ``left``, ``bilateral``."""
    return text.sides if isinstance(text, NoteText) else _sides(text)


def sides_beside(title: str, text: str) -> frozenset[str]:
    """The sides that the text names in the sentences about the part of the body that the title is about."""
    known, parts = text.beside if isinstance(text, NoteText) else {}, parts_of(title)
    if parts not in known:
        known[parts] = frozenset().union(*map(_sides, about_its_part(title, text)))
    return known[parts]


def _sides(text: str) -> frozenset[str]:
    if not _ANY_SIDE.search(text):
        return frozenset()
    cleaned = _LONE_LETTER.sub(" ", _HANDEDNESS.sub(" ", text))
    return frozenset(side for side, pattern in (*_SIDE_WORDS, *_CAPITALS) if pattern.search(cleaned))
