"""Does a release carry what the vocabulary promises? Every code must be billable, or completable by rule to a billable one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from terminology.lexicon.entry import LexiconEntry
from terminology.lexicon.loader import Lexicon

_UNSPECIFIED = re.compile(r"\b(?:unspecified|nos)\b", re.IGNORECASE)
_SIDE = re.compile(r"\b(?:right|left|bilateral)\b", re.IGNORECASE)


class Codes(Protocol):
    """The questions asked of a release; :class:`terminology.codebook.Codebook` answers them."""

    def normalize(self, code: str) -> str | None:
        """The canonical code, or None when the release has none such."""

    def is_billable(self, code: str) -> bool:
        """Whether the code is complete."""

    def title(self, code: str) -> str:
        """The full title."""

    def children(self, code: str) -> tuple[str, ...]:
        """The codes directly below."""

    def seventh_characters(self, code: str) -> Mapping[str, str]:
        """The seventh characters the code can take; empty when none apply."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An entry whose ``code`` the release does not carry or cannot complete; ``detail`` says which."""

    entry: LexiconEntry
    code: str
    detail: str

    def __str__(self) -> str:
        return f"{self.entry.where}: {self.entry.phrase!r}: {self.code} {self.detail}"


def check_against(lexicon: Lexicon, codebook: Codes) -> list[Problem]:
    """Every problem of the vocabulary in this release, in the order of its entries."""
    verdicts = {code: _verdict(codebook, code) for entry in lexicon.entries for code in entry.codes}
    return list(_problems(lexicon, verdicts))


def _problems(lexicon: Lexicon, verdicts: Mapping[str, str]) -> Iterator[Problem]:
    for entry in lexicon.entries:
        for code in entry.codes:
            if verdicts[code]:
                yield Problem(entry, code, verdicts[code])


def _verdict(codebook: Codes, code: str) -> str:
    """What is wrong with the code, or the empty string."""
    known = codebook.normalize(code)
    if known is None:
        return "is not in the release"
    return "" if is_completable(codebook, known) else "has no side, seventh character or unspecified child that completes it"


def is_completable(codebook: Codes, code: str) -> bool:
    """Whether rules complete the code: seventh character (I.C.19.a), an unspecified child (I.B.18), an only child, or the side (I.B.13)."""
    if codebook.is_billable(code):
        return True
    children = codebook.children(code)
    if not children:
        return bool(codebook.seventh_characters(code))
    unspecified = [child for child in children if _UNSPECIFIED.search(codebook.title(child))]
    if any(is_completable(codebook, child) for child in unspecified):
        return True
    if len(children) == 1:
        return is_completable(codebook, children[0])
    return bool(children) and all(_SIDE.search(codebook.title(child)) and is_completable(codebook, child) for child in children)
