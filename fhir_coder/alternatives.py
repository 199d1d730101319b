"""Whether a text has a match of any of many patterns, searched only for those whose beginning stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fhir_coder.beginnings import beginnings, folded


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Each pattern with the folded beginnings of its matches; a blank stands before those that begin a word."""

    patterns: tuple[tuple[frozenset[str], re.Pattern[str]], ...]

    def are_in(self, text: str) -> bool:
        """Whether one of them matches somewhere in the text."""
        plain = f" {folded(text)}"
        return any(pattern.search(text) for begun, pattern in self.patterns if not begun or any(one in plain for one in begun))


def alternatives(patterns: Iterable[str]) -> Alternatives:
    """The patterns, whatever their case; what begins with ``\\b`` begins with a word."""
    return Alternatives(tuple((_begun(one), re.compile(one, re.IGNORECASE)) for one in patterns))


def _begun(pattern: str) -> frozenset[str]:
    before = " " if pattern.startswith(r"\b") else ""
    return frozenset(before + one for one in beginnings(pattern.removeprefix(r"\b")))
