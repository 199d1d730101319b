"""Phrase patterns: ``(acute|chronic|) back pain`` stands for three phrases; and what makes two phrases the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

_INNERMOST = re.compile(r"\(([^()]*)\)")
_GAP = re.compile(r"[\s/\-‐‑]+")
_NOT_WORD = re.compile(r"[^\w ]+")


class PatternError(ValueError):
    """A phrase pattern that cannot be expanded; the message says why."""


def expand(pattern: str) -> tuple[str, ...]:
    """Every phrase of a pattern, in reading order, without repeats. An empty alternative leaves the words out; groups may nest."""
    expanded = tuple(dict.fromkeys(" ".join(phrase.split()) for phrase in _expand(pattern)))
    if not all(expanded):
        raise PatternError("a phrase is empty")
    return expanded


def _expand(pattern: str) -> Iterator[str]:
    """The phrases of a pattern, one alternative of its first innermost group at a time."""
    group = _INNERMOST.search(pattern)
    if group is None:
        if set("()|") & set(pattern):
            raise PatternError("alternatives are written (one|other|), every parenthesis closed")
        yield pattern
        return
    for alternative in group[1].split("|"):
        yield from _expand(pattern[: group.start()] + alternative + pattern[group.end() :])


def same_phrase_key(phrase: str) -> str:
    """What two phrases share when they match the same text: case, hyphens, slashes and other punctuation do not tell them apart."""
    return " ".join(_NOT_WORD.sub("", _GAP.sub(" ", phrase.casefold())).split())


def slug(phrase: str) -> str:
    """The phrase as part of an identifier."""
    return same_phrase_key(phrase).replace(" ", "-")
