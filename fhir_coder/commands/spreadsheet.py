"""Cells of CSV files that people open in a spreadsheet."""

from __future__ import annotations

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(value: str) -> str:
    """A value as text: a spreadsheet must not take for a formula what somebody outside called a thing."""
    return f"'{value}" if value.startswith(_FORMULA) else value
