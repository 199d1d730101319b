"""The one error of loading: a sentence for the person who gave the files. When it is raised, nothing has changed."""

from __future__ import annotations

from collections.abc import Sequence

FIRST = 5
"""How many examples a sentence lists before it only counts."""


class LoadError(ValueError):
    """The files cannot be loaded; the message says which and why."""


def some(names: Sequence[str]) -> str:
    """The first few names and how many more there are."""
    rest = len(names) - FIRST
    return ", ".join(names[:FIRST]) + (f" and {rest} more" if rest > 0 else "")
