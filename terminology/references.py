"""The codes that a tabular note names: "(E11.-)", "(S71.1, S71.2-)", "(A00-B99)", "(E08-E13 with .42)", "(T36-T50 with fifth or sixth character 5)".

Codes count where they stand in parentheses; in a note that has none there, where they end it ("jaw pain R68.84") or where words announce them
("code from category O08 to identify", "classified in subcategories S06.1- to S06.6-"). "(Chapter 20)" is the codes of that chapter. Anything else
is prose: it gives no references, because a guess would make an edit fire on the wrong code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from terminology.notation import CODE, compact, tabular_key

_PARENTHESES = re.compile(r"[(\[]([^()\[\]}]*)(?:[)\]}]|$)")
_SEPARATOR = re.compile(r"[,;]|\.\s+|\bor\b|\band\b")
_WITH = re.compile(r",?\s*\bwith\s+")

# Dashes and dots after a code say "and everything under it", as a code always does here: "F11.-F17.-", "S32.1--S32.9", "J96.".
_ONE = rf"({CODE.pattern})[-.]*"
_SINGLE = re.compile(_ONE)
_RANGE = re.compile(rf"{_ONE}\s*(?:[-–]|\bto\b)\s*{_ONE}")
_CLOSING_LIST = re.compile(rf"(?:^|\s)({_ONE}(?:(?:-|,? and |,? or |, ){_ONE})*)$")
_PROSE = re.compile(r"\b(?:with|except|B12)\b")
_SPAN = rf"(?:{_RANGE.pattern}|{_ONE})"
_LIST = rf"{_SPAN}(?:(?: ?, (?:and |or )?| and | or ){_SPAN})*"
# "See categories E08-E13 with ketoacidosis" restricts the list in words, and such a list is left out.
_ANNOUNCED = re.compile(
    rf"\b(?:from(?: categor(?:y|ies))?|(?<!see )categor(?:y|ies)|classifi(?:ed|able) (?:to|in)(?: (?:sub)?categor(?:y|ies))?) ({_LIST})(?! with\b)"
)
_CLOSING_CONDITION = re.compile(rf"(?:^|\s)({_LIST} with [a-z0-9]+ character [0-9A-Z])$")
_CHAPTER = re.compile(r"Chapter (\d{1,2})", re.IGNORECASE)
_CHAPTERS = {1: ("A00", "B99"), 15: ("O00", "O9A"), 19: ("S00", "T88"), 20: ("V00", "Y99")}
"""First and last category of the chapters that notes name by number."""

_ORDINALS = {"fifth": 5, "5th": 5, "sixth": 6, "six": 6, "6th": 6, "seventh": 7, "7th": 7}
_ORDINAL = f"({'|'.join(_ORDINALS)})"
_SUFFIXES = re.compile(r"(?:final characters?\s+)?(\.[0-9A-Z]+-?(?:(?:\s*(?:,|or|and|-|\.)\s*|\s+)\.[0-9A-Z]+-?)*)")
_CHARACTER = re.compile(rf"{_ORDINAL}(?: or {_ORDINAL})?[ -]character \.?([0-9A-Z](?:-[0-9A-Z])?(?: or [0-9A-Z])*)")
_CHARACTERS = re.compile(rf"{_ORDINAL} to {_ORDINAL} characters ([0-9A-Z]+)")
_ENDING = re.compile(r"final characters? -?([0-9A-Z]+)")
_INTENT = re.compile(rf"{_ORDINAL} or {_ORDINAL} character to indicate intent")
_OPEN_FRACTURE = re.compile(r"open fracture 7th character")

_SUBCATEGORY = 4


@dataclass(frozen=True, slots=True)
class Condition:
    """What a referenced code must show besides. ``words`` are those of the note, ``shape`` the code without its dot."""

    words: str
    shape: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class CodeReference:
    """A code with everything under it (``first`` equals ``last``), or a range of them, perhaps restricted by a condition."""

    first: str
    last: str
    condition: Condition | None = None

    def covers(self, code: str) -> bool:
        """Whether ``code`` (dotted or compact) is the reference, lies below it or in its range, and meets its condition."""
        return self.covers_compact(compact(code))

    def covers_compact(self, plain: str) -> bool:
        """The same for a code that is compact already."""
        if self.condition is not None and not self.condition.shape.match(plain):
            return False
        low, high, low_length, high_length = _bounds(self.first, self.last)
        if not high_length:
            return plain.startswith(low)
        return low <= tabular_key(plain[:low_length]) and tabular_key(plain[:high_length]) <= high

    def __str__(self) -> str:
        span = self.first if self.first == self.last else f"{self.first}-{self.last}"
        return f"{span} with {self.condition.words}" if self.condition else span


class References(tuple[CodeReference, ...]):
    """The references of one note or one entry of a table, asked as one: single codes are found by their beginning, the rest one by one."""

    _shortest = 3

    def __init__(self, _: Iterable[CodeReference] = ()) -> None:
        self._single = frozenset(compact(one.first) for one in self if one.first == one.last and one.condition is None)
        self._longest = max(map(len, self._single), default=0)
        self._other = tuple(one for one in self if one.first != one.last or one.condition is not None)

    def cover(self, code: str) -> bool:
        """Whether any of them covers the code (with or without dot)."""
        plain = compact(code)
        longest = min(len(plain), self._longest)
        return any(plain[:length] in self._single for length in range(self._shortest, longest + 1)) or any(
            one.covers_compact(plain) for one in self._other
        )


@lru_cache(maxsize=16384)
def _bounds(first: str, last: str) -> tuple[str, str, int, int]:
    """The sorting keys of both ends of a range, and how many characters of a code are compared with each; one code written in two ways has no
    second end. Tables of ranges are asked of every code, so the keys are made once."""
    low, high = compact(first), compact(last)
    if low == high:
        return low, "", len(low), 0
    if len(high) == _SUBCATEGORY and high.endswith("9"):
        # The ninth closes its category: letters count whether they are printed before it (C96.A) or not.
        high = high[:-1]
    return tabular_key(low), tabular_key(high), len(low), len(high)


def parse_references(text: str) -> References:
    """Every reference of one note, in order, each once; none when it names codes only in prose."""
    found = [reference for inside in _PARENTHESES.findall(text) for reference in _read(inside)]
    return References(dict.fromkeys(found or _read_prose(text)))


def _read_prose(text: str) -> list[CodeReference]:
    """The codes of a note that has none in parentheses."""
    closing = _CLOSING_LIST.search(text)
    if closing and not _PROSE.search(text):
        return _read(closing.group(1))
    announced = _CLOSING_CONDITION.search(text) or _ANNOUNCED.search(text)
    return _read(announced.group(1)) if announced else []


def _read(text: str) -> list[CodeReference]:
    """A list of codes and ranges, with the condition that may end it. A condition that cannot be read leaves no reference."""
    codes, *words = _WITH.split(text.strip(), maxsplit=1)
    condition = _condition(words[0].strip()) if words else None
    if words and condition is None:
        return []
    return [CodeReference(*span, condition) for part in _SEPARATOR.split(codes) if (span := _span(part.strip()))]


def _span(part: str) -> tuple[str, str] | None:
    chapter = _CHAPTER.fullmatch(part)
    if chapter:
        return _CHAPTERS.get(int(chapter.group(1)))
    several = _RANGE.fullmatch(part)
    if several:
        return several.group(1), several.group(2)
    single = _SINGLE.fullmatch(part)
    return (single.group(1), single.group(1)) if single else None


def _condition(words: str) -> Condition | None:
    """The words after "with" as a pattern, or None when they are prose ("with open fracture 7th character")."""
    for wording, shape in _CONDITIONS:
        match = wording.fullmatch(words)
        if match:
            return Condition(words, re.compile(shape(match)))
    return None


def _after_category(match: re.Match[str]) -> str:
    return rf".{{3}}(?:{'|'.join(re.findall(r'[0-9A-Z]+', match.group(1)))})"


def _at_position(match: re.Match[str]) -> str:
    """One character at one place; of two places the later counts, unless it is absent or a placeholder X (T36.95XA, T45.515A)."""
    first, second, characters = match.groups()
    wanted = f"[{characters.replace(' or ', '')}]"
    start = _ORDINALS[first] - 1
    return rf".{{{start}}}(?:.{wanted}|{wanted}(?:X|$))" if second else rf".{{{start}}}{wanted}"


def _from_position(match: re.Match[str]) -> str:
    return rf".{{{_ORDINALS[match.group(1)] - 1}}}{match.group(3)}"


def _at_end(match: re.Match[str]) -> str:
    """The last characters of six, padding left out: I69.023 (I69.20 is another code), T36.0X6A, T36.96XA."""
    return rf".*{match.group(1)}X*(?<=^.{{6}}).?$"


def _any_intent(_: re.Match[str]) -> str:
    """Every code of a poisoning tells its intent at one of the two places."""
    return ".*"


def _open_fracture(_: re.Match[str]) -> str:
    """The seventh characters of open fractures, as the tabular list prints them at S52: any encounter, healing, delayed, nonunion or malunion."""
    return ".{6}[BCEFHJMNQR]"


_CONDITIONS = (
    (_SUFFIXES, _after_category),
    (_CHARACTER, _at_position),
    (_CHARACTERS, _from_position),
    (_ENDING, _at_end),
    (_INTENT, _any_intent),
    (_OPEN_FRACTURE, _open_fracture),
)
