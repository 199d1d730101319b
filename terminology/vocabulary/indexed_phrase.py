"""A phrase of the official index tables and the codes it leads to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IndexedPhrase:
    """A phrase that an official table leads to codes from.

    ``codes`` are dotted, as the tabular list prints them, in the order printed (etiology before manifestation); each may be a header that the
    note's words must complete. ``table`` is ``index``, ``external``, ``neoplasm`` or ``drug``; ``path`` the printed terms, main term first.
    """

    phrase: str
    codes: tuple[str, ...]
    table: str
    path: tuple[str, ...]
