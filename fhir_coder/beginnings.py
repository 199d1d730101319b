"""With which characters a match of a pattern can begin: what lets a search over hundreds of patterns pass over most of a text at a look.

Patterns are read with a scanner of our own, for the part of their language that our tables use: literals, classes, groups, alternatives,
repetitions and assertions. What it does not know could be anything, so that no match is ever missed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

LONGEST = 7
"""Characters of a beginning that are told apart."""

_MOST = 400
_REPEAT = re.compile(r"(?P<how>[?*+]|\{(?P<least>\d*)(?P<most>,?\d*)\})[?+]?")
_GROUP = re.compile(r"\((?:\?(?:P<\w+>|:)|(?P<assertion>\?<?[=!])|(?!\?))")
_CLASS = re.compile(r"\[(?P<negation>\^?)(?P<members>\]?(?:\\.|[^\]\\])*)\]", re.DOTALL)
_MEMBER = re.compile(r"(?P<escape>\\.)|(?P<first>.)(?:-(?P<last>[^\\]))?", re.DOTALL)

Beginning = tuple[str, bool]
"""Characters, and whether what comes next is known as well."""

_NOTHING: frozenset[Beginning] = frozenset({("", True)})
_ANYTHING: frozenset[Beginning] = frozenset({("", False)})

_LETTERS = {0x17F: "s", 0x130: "i", 0x131: "i", 0x212A: "k"}
"""Letters that are like one of ASCII when case does not matter (long s, Turkish i, Kelvin sign)."""


class _Folding(dict[int, str]):
    """What each character stands for: one digit for all, a blank for whatever is no part of a word."""

    def __missing__(self, number: int) -> str:
        one = chr(number)
        return "0" if one.isdecimal() else one if one.isalnum() or one == "_" else " "


_FOLDING = _Folding()
_FOLDING.update({**{number: _FOLDING[number] for number in range(128)}, **_LETTERS})


def folded(text: str) -> str:
    """The text in small letters, with one digit for all and blanks for marks, each character in its place."""
    return text.translate(_FOLDING).lower()


def beginnings(pattern: str) -> frozenset[str]:
    """The folded beginnings, up to ``LONGEST`` characters, of what the pattern matches regardless of case; none where it could begin with
    anything."""
    found, end = _alternatives(pattern, 0)
    if end != len(pattern):
        raise ValueError(f"a bracket too many: {pattern}")
    words = frozenset(word for word, _ in found)
    return frozenset() if any(not word or word[0] == " " for word in words) else words


def _alternatives(pattern: str, at: int) -> tuple[frozenset[Beginning], int]:
    """The beginnings of the alternatives from a place up to the end of their group."""
    found: set[Beginning] = set()
    while True:
        one, at = _sequence(pattern, at)
        found |= one
        if pattern[at : at + 1] != "|":
            return frozenset(found), at
        at += 1


def _sequence(pattern: str, at: int) -> tuple[frozenset[Beginning], int]:
    known = _NOTHING
    while at < len(pattern) and pattern[at] not in "|)":
        item, at = _item(pattern, at)
        repeat = _REPEAT.match(pattern, at)
        if repeat:
            item, at = _repeated(item, repeat), repeat.end()
        known = _joined(known, item)
    return known, at


def _joined(known: Iterable[Beginning], item: frozenset[Beginning]) -> frozenset[Beginning]:
    found: set[Beginning] = set()
    for word, is_open in known:
        if not is_open:
            found.add((word, False))
            continue
        found.update(((word + more)[:LONGEST], goes_on and len(word + more) < LONGEST) for more, goes_on in item)
    return frozenset(found) if len(found) <= _MOST else frozenset((word, False) for word, _ in known)


def _repeated(item: frozenset[Beginning], repeat: re.Match[str]) -> frozenset[Beginning]:
    """An item as often as the repetition allows, or as long as it is known."""
    least, most = _bounds(repeat)
    found, known = set(_NOTHING if least == 0 else ()), _NOTHING
    for times in range(1, min(most, LONGEST) + 1):
        known = _joined(known, item)
        if times >= least:
            found |= known
    if most > LONGEST:
        found |= {(word, False) for word, _ in known}
    return frozenset(found)


def _bounds(repeat: re.Match[str]) -> tuple[int, int]:
    how = repeat["how"]
    if how in "?*+":
        return int(how == "+"), 1 if how == "?" else sys.maxsize
    most = repeat["most"].removeprefix(",") if repeat["most"] else repeat["least"]
    return int(repeat["least"] or 0), int(most) if most else sys.maxsize


def _item(pattern: str, at: int) -> tuple[frozenset[Beginning], int]:
    """One item of a pattern, and where the next one begins."""
    mark = pattern[at]
    if mark == "\\":
        return _escaped(pattern[at + 1]), at + 2
    if mark == "[":
        members = _CLASS.match(pattern, at)
        if members is None:
            raise ValueError(f"an open class: {pattern}")
        return (_ANYTHING if members["negation"] else _members(members["members"])), members.end()
    if mark == "(":
        return _group(pattern, at)
    if mark in "^$":
        return _NOTHING, at + 1
    return (_ANYTHING if mark == "." else _literal(mark)), at + 1


def _group(pattern: str, at: int) -> tuple[frozenset[Beginning], int]:
    opened = _GROUP.match(pattern, at)
    if opened is None:
        raise ValueError(f"a group of an unknown kind: {pattern}")
    inside, end = _alternatives(pattern, opened.end())
    return (_NOTHING if opened["assertion"] else inside), end + 1


def _members(members: str) -> frozenset[Beginning]:
    found: set[Beginning] = set()
    for member in _MEMBER.finditer(members):
        if member["escape"]:
            found |= _ANYTHING if member["escape"] == "\\b" else _escaped(member["escape"][1])
        else:
            last = member["last"] or member["first"]
            for number in range(ord(member["first"]), ord(last) + 1):
                found |= _literal(chr(number))
    return frozenset(found)


def _escaped(mark: str) -> frozenset[Beginning]:
    if mark in "bBAZ":
        return _NOTHING
    if mark in "sW":
        return _literal(" ")
    if mark == "d":
        return _literal("0")
    return _ANYTHING if mark.isalnum() else _literal(mark)


def _literal(mark: str) -> frozenset[Beginning]:
    return frozenset({(folded(mark), True)}) if mark.isascii() or not mark.isalpha() else _ANYTHING
