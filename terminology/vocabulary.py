"""The vocabulary of a release: the phrases of its official index tables with the codes they lead to."""

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


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every phrase of a release's tables, in a stable order; ``sha256`` is that of the compiled form."""

    phrases: tuple[IndexedPhrase, ...]
    sha256: str
