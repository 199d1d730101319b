"""Sides: which side a title names, and the sibling codes that differ from a code by side alone (guideline I.B.13)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from terminology.codebook import Codebook

_SIDES = (("bilateral", r"\bbilateral\b|\bboth\b"), ("right", r"\bright\b"), ("left", r"\bleft\b"))
_UNSPECIFIED = re.compile(
    r"\bunspecified (?:side|ear|eye|eyelid|knee|hip|shoulder|elbow|wrist|hand|finger|thumb|ankle|foot|toe|arm|leg|limb|thigh|forearm|lower leg|upper arm"
    r"|upper limb|lower limb|upper extremity|lower extremity|extremity|breast|ovary|kidney|lung|joint|site|testis|great toe|lesser toe|part|\w+)\b",
    re.IGNORECASE,
)
_SIDE_WORD = re.compile(r"\b(?:right|left|bilateral|both|unspecified)\b", re.IGNORECASE)


def side(title: str) -> str | None:
    """``right``, ``left``, ``bilateral`` or ``unspecified`` as the title names it, else None."""
    lowered = title.lower()
    named = [name for name, pattern in _SIDES if re.search(pattern, lowered)]
    if len(named) == 1:
        return named[0]
    return "unspecified" if not named and _UNSPECIFIED.search(lowered) else None


def sides(codebook: Codebook, code: str) -> Mapping[str, str]:
    """Side to code, for the siblings that differ from ``code`` by side alone; for a header, its children that do. Empty when sides do not matter.

    Codes are stems: a seventh character is not part of the answer.
    """
    stem = codebook.stem(code)
    pool = codebook.children(stem)
    if not pool:
        parent = codebook.parent(stem)
        pool = codebook.children(parent) if parent else ()
        pool = tuple(one for one in pool if _bare(codebook.title(one)) == _bare(codebook.title(stem)))
    return _by_side(codebook, pool)


def _by_side(codebook: Codebook, pool: tuple[str, ...]) -> Mapping[str, str]:
    """The pool by side when it has a right and a left of the same thing; else empty."""
    found = [(side(codebook.title(one)), one) for one in pool]
    named = dict(found)
    if len(named) < len(found) and len({name for name, _ in found if name}) < sum(name is not None for name, _ in found):
        return {}
    right, left = named.get("right"), named.get("left")
    if right is None or left is None or _bare(codebook.title(right)) != _bare(codebook.title(left)):
        return {}
    return {name: one for name, one in named.items() if name is not None}


def _bare(title: str) -> str:
    """The title without its word of side, singular and plural alike."""
    words = _SIDE_WORD.sub(" ", title.lower()).split()
    return " ".join(word.removesuffix("s") for word in words)
