"""With which characters a match of a pattern can begin: what lets a search over hundreds of patterns pass over most places of a text at a look."""

from __future__ import annotations

import re._constants as kinds  # type: ignore[import-not-found,unused-ignore]
import re._parser as parser  # type: ignore[import-not-found,unused-ignore]
from collections.abc import Iterable
from typing import Any

_PASSED = {kinds.AT, kinds.ASSERT, kinds.ASSERT_NOT}
_REPEATS = {kinds.MAX_REPEAT, kinds.MIN_REPEAT}


def first_letters(pattern: str) -> frozenset[str]:
    """The lower-case characters that a match can begin with, or none where they cannot be told."""
    letters, is_empty = _firsts(parser.parse(pattern))
    return frozenset() if letters is None or is_empty else frozenset(letter.lower() for letter in letters)


def _firsts(items: Iterable[Any]) -> tuple[set[str] | None, bool]:
    """The first characters of the items in their order (None: any), and whether they can match nothing."""
    found: set[str] = set()
    for kind, value in items:
        if kind in _PASSED:
            continue
        letters, is_empty = _of_item(kind, value)
        if letters is None:
            return None, False
        found |= letters
        if not is_empty:
            return found, False
    return found, True


def _of_item(kind: Any, value: Any) -> tuple[set[str] | None, bool]:
    if kind is kinds.LITERAL:
        return {chr(value)}, False
    if kind is kinds.SUBPATTERN:
        return _firsts(value[-1])
    if kind in _REPEATS:
        letters, is_empty = _firsts(value[2])
        return letters, is_empty or value[0] == 0
    if kind is kinds.BRANCH:
        parts = [_firsts(part) for part in value[1]]
        if any(letters is None for letters, _ in parts):
            return None, False
        return set().union(*(letters or set() for letters, _ in parts)), any(is_empty for _, is_empty in parts)
    if kind is kinds.IN:
        return _of_set(value), False
    return None, False


def _of_set(members: Iterable[Any]) -> set[str] | None:
    found: set[str] = set()
    for kind, value in members:
        if kind is kinds.LITERAL:
            found.add(chr(value))
        elif kind is kinds.RANGE:
            found |= {chr(one) for one in range(value[0], value[1] + 1)}
        elif kind is kinds.CATEGORY and value is kinds.CATEGORY_DIGIT:
            found |= set("0123456789")
        elif kind is kinds.CATEGORY and value is kinds.CATEGORY_SPACE:
            found |= set(" \t\n")
        else:
            return None
    return found
