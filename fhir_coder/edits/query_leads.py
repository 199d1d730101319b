"""The code that an answer leads to, with the seventh character of the code that left it open."""

from __future__ import annotations

from terminology.codebook import Codebook


def completed(codebook: Codebook, code: str, stem: str) -> tuple[str, ...]:
    """The code of ``stem`` with the seventh character of ``code``; the stem where that takes none."""
    own = codebook.stem(code)
    if own == code or code[-1] not in codebook.seventh_characters(stem):
        return (stem,)
    return (codebook.with_seventh(stem, code[-1]),)


def sibling_titled(codebook: Codebook, code: str, old: str, new: str) -> tuple[str, ...]:
    """The sibling whose title has ``new`` where that of ``code`` has ``old``, completed; empty when there is none."""
    stem = codebook.stem(code)
    parent = codebook.parent(stem)
    wanted = codebook.title(stem).replace(old, new)
    siblings = codebook.children(parent) if parent else ()
    return next((completed(codebook, code, one) for one in siblings if codebook.title(one) == wanted), ())
