"""Ranges of ICD-10-CM codes as our tables write them (``S00-T14, Z3A, Z68.51-Z68.56``), read with the eyes of the tabular list."""

from __future__ import annotations

from collections.abc import Iterable

from terminology.references import CodeReference, parse_references


def parse_ranges(text: str) -> tuple[CodeReference, ...]:
    """Read a comma-separated list; an empty text is no range. Raises ValueError when a part is not a code or a range of codes."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    ranges = tuple(reference for part in parts for reference in parse_references(f"({part})"))
    if len(ranges) != len(parts):
        raise ValueError(f"not a list of codes and ranges: {text}")
    return ranges


def covered(code: str, ranges: Iterable[CodeReference]) -> bool:
    """Whether any of the ranges covers the code (with or without dot)."""
    return any(one.covers(code) for one in ranges)
