"""Codes as a person chooses among them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from terminology.codebook import Codebook


@dataclass(frozen=True, slots=True)
class Choice:
    """A code with its full title. Only a billable one may be chosen; any other is opened."""

    code: str
    title: str
    is_billable: bool


def choice_of(codebook: Codebook, code: str) -> Choice:
    """The choice of a code. Raises UnknownCode."""
    known = codebook.normalize(code) or code
    return Choice(known, codebook.title(known), codebook.is_billable(known))


def choices_of(codebook: Codebook, codes: Iterable[str]) -> tuple[Choice, ...]:
    """Those that the release knows, each once."""
    return tuple(choice_of(codebook, code) for code in dict.fromkeys(codes) if code in codebook)


def below(codebook: Codebook, code: str) -> tuple[Choice, ...]:
    """What a code that cannot be billed opens into: its children, or itself with each seventh character."""
    if codebook.is_billable(code):
        return ()
    return choices_of(codebook, codebook.children(code) or codebook.billable_under(code))
