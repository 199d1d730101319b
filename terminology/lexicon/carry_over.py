"""The vocabulary in a release that it was not written for: codes that the release does not have yet, or that say too little in it.

The lexicon is written for one release. In an older one a code may not be there because its condition was not yet told apart from others:
then the code that was subdivided later, one level up and billable, is the one that stood for it (N18.3 before N18.31). Where the code above
was a header already, the condition stood somewhere else; which place is not known here, and the entry is left out. In a newer one a code may have
become a header that no rule completes (I42.8 from 2026-10-01): the entry is left out too, and the titles of the new codes speak for themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

from terminology.lexicon.check import Codes, is_completable
from terminology.lexicon.entry import LexiconEntry

_CATEGORY = 3


def carry_over(entries: Iterable[LexiconEntry], codebook: Codes) -> tuple[LexiconEntry, ...]:
    """The entries with codes of this release that are billable or completed by rule; an entry that loses a code is left out whole, for its
    codes mean one thing together."""

    @cache
    def carried(code: str) -> str | None:
        return _code_in(codebook, code)

    found: list[LexiconEntry] = []
    for entry in entries:
        codes = tuple(code for one in entry.codes if (code := carried(one)) is not None)
        if len(codes) == len(entry.codes):
            found.append(entry if codes == entry.codes else replace(entry, codes=tuple(dict.fromkeys(codes))))
    return tuple(found)


def left_out(entries: Iterable[LexiconEntry], codebook: Codes) -> Iterator[tuple[str, str, tuple[LexiconEntry, ...]]]:
    """What :func:`carry_over` leaves out, by the code that is to blame: the code, why it cannot be offered in this release, and the entries
    that name it, in the order of the lexicon."""
    lost: dict[str, list[LexiconEntry]] = {}
    for entry in entries:
        for code in entry.codes:
            if _code_in(codebook, code) is None:
                lost.setdefault(code, []).append(entry)
    for code, named in sorted(lost.items()):
        yield code, "became a header that no rule completes" if codebook.normalize(code) else "is not in the release", tuple(named)


def _code_in(codebook: Codes, code: str) -> str | None:
    """The code itself where the release has it; else the code above it where that had no codes below; None where it cannot be completed."""
    if codebook.normalize(code) is not None:
        return code if is_completable(codebook, code) else None
    above = code
    while len(above) > _CATEGORY:
        above = above[:-1].removesuffix(".")
        known = codebook.normalize(above)
        if known is not None:
            return None if codebook.children(known) else known
    return None
