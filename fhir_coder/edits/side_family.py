"""The codes of one condition by side, the bilateral one included even where the tabular list words or places it differently."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from terminology.codebook import Codebook
from terminology.laterality import side, sides

_WORD = re.compile(r"[a-z0-9'-]+")
_NO_CONTENT = frozenset(["right", "left", "bilateral", "both", "unspecified", "unilateral", "of", "the"])


def side_family(codebook: Codebook, code: str) -> Mapping[str, str]:
    """Side ("right", "left", "bilateral", "unspecified") to stem, for a code that has siblings on other sides; else empty.

    Siblings that differ by the side alone come from :func:`terminology.laterality.sides`. The bilateral code often says less ("low risk,
    bilateral" beside "low risk, right eye") or stands elsewhere (M17.0 beside M17.11): its words, side left out, are those of the one-sided
    code but for one word at most.
    """
    stem = codebook.stem(code)
    if side(codebook.title(stem)) == "bilateral":
        right = next(_one_sided(codebook, stem), None)
        return {**sides(codebook, right), "bilateral": stem} if right else {}
    family = dict(sides(codebook, stem))
    if "right" in family and "bilateral" not in family:
        family.update(("bilateral", both) for both in _bilateral(codebook, family["right"]))
    return family


def _bilateral(codebook: Codebook, right: str) -> Iterator[str]:
    """The bilateral code of a one-sided one, at most one."""
    for both in _neighbours(codebook, right):
        if side(codebook.title(both)) == "bilateral" and next(_one_sided(codebook, both), None) == right:
            yield both
            return


def _one_sided(codebook: Codebook, bilateral: str) -> Iterator[str]:
    """The right-sided codes of a bilateral one: the nearest in words first, siblings before cousins."""
    words = _content(codebook.title(bilateral))
    parent = codebook.parent(bilateral)
    ranked = []
    for other in _neighbours(codebook, bilateral):
        extra = _content(codebook.title(other)) - words
        if side(codebook.title(other)) == "right" and len(extra) <= 1 and words <= _content(codebook.title(other)):
            ranked.append((codebook.parent(other) != parent, len(extra), other))
    return (code for _, _, code in sorted(ranked))


def _neighbours(codebook: Codebook, stem: str) -> Iterator[str]:
    """Siblings, then the leaves beside and below the parent's siblings, within the category."""
    ancestors = codebook.ancestors(stem)
    siblings = codebook.children(ancestors[0]) if ancestors else ()
    yield from siblings
    aunts = codebook.children(ancestors[1]) if len(ancestors) > 1 else siblings
    yield from (leaf for leaf in _leaves(codebook, aunts) if leaf not in siblings)


def _leaves(codebook: Codebook, codes: Iterable[str]) -> Iterator[str]:
    for code in codes:
        yield from codebook.children(code) or (code,)


def _content(title: str) -> frozenset[str]:
    return frozenset(_singular(word) for word in _WORD.findall(title.lower()) if word not in _NO_CONTENT)


def _singular(word: str) -> str:
    return word.removesuffix("ies") + "y" if word.endswith("ies") else word.removesuffix("s")
