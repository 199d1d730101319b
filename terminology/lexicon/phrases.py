"""Phrase patterns: ``(acute|chronic|) back pain`` stands for three phrases; and what makes two phrases the same."""

from __future__ import annotations

import re

_PIECE = re.compile(r"[()|]|[^()|]+")
_GAP = re.compile(r"[\s/\-‐‑]+")
_NOT_WORD = re.compile(r"[^\w ]+")


class PatternError(ValueError):
    """A phrase pattern that cannot be expanded; the message says why."""


def expand(pattern: str) -> tuple[str, ...]:
    """Every phrase of a pattern, in reading order, without repeats. An empty alternative leaves the words out; groups may nest."""
    written, _ = _alternatives(pattern, 0, is_group=False)
    expanded = tuple(dict.fromkeys(" ".join(phrase.split()) for phrase in written))
    if not all(expanded):
        raise PatternError("a phrase is empty")
    return expanded


def _alternatives(pattern: str, at: int, is_group: bool) -> tuple[list[str], int]:
    """What the pattern from ``at`` to the end of its group can be, and where reading goes on behind the closing parenthesis."""
    finished: list[str] = []
    current = [""]
    while piece := _PIECE.match(pattern, at):
        at = piece.end()
        if piece[0] == "(":
            inner, at = _alternatives(pattern, at, is_group=True)
            current = [head + tail for head in current for tail in inner]
        elif piece[0] == "|" and is_group:
            finished, current = finished + current, [""]
        elif piece[0] == ")" and is_group:
            return finished + current, at
        elif piece[0] in "|)":
            raise PatternError(f"{piece[0]!r} stands outside a group (one|other)")
        else:
            current = [head + piece[0] for head in current]
    if is_group:
        raise PatternError("a group is not closed")
    return current, at


def same_phrase_key(phrase: str) -> str:
    """What two phrases share when they match the same text: case, hyphens, slashes and other punctuation do not tell them apart."""
    return " ".join(_NOT_WORD.sub("", _GAP.sub(" ", phrase.casefold())).split())


def slug(phrase: str) -> str:
    """The phrase as part of an identifier."""
    return same_phrase_key(phrase).replace(" ", "-")
