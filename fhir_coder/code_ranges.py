"""Ranges of ICD-10-CM codes as our tables write them (``S00-T14, Z3A, Z68.51-Z68.56``), read with the eyes of the tabular list."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from terminology.references import CodeReference, References, parse_references

_REMEMBERED = 2048
"""Codes whose answers a list of ranges keeps: every table is asked of the same common codes in note after note."""


class CodeRanges(References):
    """The ranges of one entry of a table, which remember the codes that they were asked of."""

    def __init__(self, _: Iterable[CodeReference] = ()) -> None:
        super().__init__()
        self._answers: dict[str, bool] = {}

    def cover(self, code: str) -> bool:
        """Whether any of them covers the code."""
        answer = self._answers.get(code)
        if answer is None:
            answer = super().cover(code)
            if len(self._answers) >= _REMEMBERED:
                self._answers.clear()
            self._answers[code] = answer
        return answer


@cache
def parse_ranges(text: str) -> CodeRanges:
    """Read a comma-separated list; an empty text is no range. Raises ValueError when a part is not a code or a range of codes."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    ranges = CodeRanges(reference for part in parts for reference in parse_references(f"({part})"))
    if len(ranges) != len(parts):
        raise ValueError(f"not a list of codes and ranges: {text}")
    return ranges


@cache
def parse_listed(text: str) -> CodeRanges:
    """Read a list as it stands in the parentheses of a tabular note, with the condition that may end it ("E08-E13 with .42")."""
    return CodeRanges(parse_references(f"({text})"))


def covered(code: str, ranges: Iterable[CodeReference]) -> bool:
    """Whether any of the ranges covers the code (with or without dot)."""
    return ranges.cover(code) if isinstance(ranges, References) else any(one.covers(code) for one in ranges)
