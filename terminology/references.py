"""The codes that a tabular note names: "(E11.-)", "(S71.1, S71.2-)", "(A00-B99)", "(E08-E13 with .42)".

Where a note names none in parentheses, as some prose does, there are no references: nothing is guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from terminology.notation import CODE, compact, tabular_key

_PARENTHESES = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_RANGE = re.compile(rf"^({CODE.pattern})-?\s*[-–]\s*({CODE.pattern})-?$")
_SINGLE = re.compile(rf"^({CODE.pattern})(\.?-)?$")
_WITH_SUFFIX = re.compile(r"\bwith\s+(?:final characters?\s+)?((?:\.[0-9A-Z]+)(?:\s*(?:,|or|and)\s*\.[0-9A-Z]+)*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CodeReference:
    """A code with everything under it, or a range of them; ``suffixes`` restrict to codes that continue so (".42" after the category)."""

    first: str
    last: str
    suffixes: tuple[str, ...] = ()

    def covers(self, code: str) -> bool:
        """Whether ``code`` (dotted or compact) is the reference, lies below it, or in its range."""
        plain = compact(code)
        if self.suffixes and not any(plain[3:].startswith(suffix) for suffix in self.suffixes):
            return False
        if self.first == self.last:
            return plain.startswith(compact(self.first))
        low, high = compact(self.first), compact(self.last)
        start, end = plain[: len(low)], plain[: len(high)]
        # Notes count C4A among C43-C44 by its place in the list, and J45 among J40-J4A by its letters.
        return (low <= start and end <= high) or (tabular_key(low) <= tabular_key(start) and tabular_key(end) <= tabular_key(high))

    def __str__(self) -> str:
        span = self.first if self.first == self.last else f"{self.first}-{self.last}"
        return f"{span} with {', '.join('.' + s for s in self.suffixes)}" if self.suffixes else span


def parse_references(text: str) -> tuple[CodeReference, ...]:
    """Every reference in the parentheses of one note, in order, each once."""
    found: dict[CodeReference, None] = {}
    for inside in _PARENTHESES.findall(text):
        suffixes = _suffixes(inside)
        for part in re.split(r"[,;]|\bor\b|\band\b", _WITH_SUFFIX.sub("", inside)):
            reference = _reference(part.strip(), suffixes)
            if reference:
                found[reference] = None
    return tuple(found)


def _suffixes(text: str) -> tuple[str, ...]:
    match = _WITH_SUFFIX.search(text)
    return tuple(suffix.upper() for suffix in re.findall(r"\.([0-9A-Z]+)", match.group(1), re.IGNORECASE)) if match else ()


def _reference(part: str, suffixes: tuple[str, ...]) -> CodeReference | None:
    span = _RANGE.match(part)
    if span:
        return CodeReference(span.group(1), span.group(2), suffixes)
    single = _SINGLE.match(part)
    return CodeReference(single.group(1), single.group(1), suffixes) if single else None
