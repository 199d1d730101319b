"""Values that go into a table which somebody opens with a spreadsheet."""

from __future__ import annotations

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(value: str) -> str:
    """A spreadsheet must not take for a formula what somebody called themselves (CWE-1236): an apostrophe stands before what begins like one."""
    return f"'{value}" if value.startswith(_FORMULA) else value
