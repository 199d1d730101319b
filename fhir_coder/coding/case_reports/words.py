"""The comparable words of a text: lower case, without plural and possessive endings, with their place."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORD = re.compile(r"[A-Za-z][A-Za-z'’]*|\d+")
_SINGULAR_S = ("ss", "us", "is")
_SHORTEST_PLURAL = 4


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it is compared, and its half-open range of code points."""

    start: int
    end: int
    form: str


def words_of(text: str) -> tuple[Word, ...]:
    """Every word and whole number of the text, in order."""
    return tuple(Word(found.start(), found.end(), _form(found.group())) for found in _WORD.finditer(text))


def _form(word: str) -> str:
    """The endings that a plural or a possessive adds are left off; "-itis", "-us" and "-ss" are no plurals."""
    form = word.lower().replace("’", "'").removesuffix("'s")
    if len(form) < _SHORTEST_PLURAL:
        return form
    if form.endswith("ies"):
        return form[:-3] + "y"
    return form[:-1] if form.endswith("s") and not form.endswith(_SINGULAR_S) else form
