"""Sides: which side a title names, and the sibling codes that differ from a code by side alone (Official Guidelines I.B.13)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from terminology.codebook import Codebook

# Parts of the body that titles leave at "unspecified" where a side could be named: "unspecified lower leg", "unspecified middle finger".
# Without them "unspecified organism" would read as a side.
_PARTS = (
    "acetabulum|acromioclavicular|ankle|arm|artery|axilla|breast|bronchus|buttock|calcaneus|calf|carpus|cheek|choroid|clavicle|"
    "conjunctiva|cornea|ear|elbow|epididymis|extremity|eye|eyeball|eyelid|femur|fibula|finger|fingers|flank|foot|forearm|girdle|"
    "gland|hand|heel|hip|humerus|ilium|ischium|joint|kidney|knee|leg|limb|lung|meniscus|metatarsal|midfoot|orbit|ovary|palm|"
    "passage|patella|pubis|radius|retina|scapula|shoulder|side|talus|testicle|testis|thigh|thumb|tibia|toe|toes|tube|ulna|ureter|"
    "vein|wrist"
)
_SIDES = {"bilateral": re.compile(r"\b(?:bilateral|both)\b"), "right": re.compile(r"\bright\b"), "left": re.compile(r"\bleft\b(?! in\b)")}
_UNSPECIFIED = re.compile(rf"\bunspecified (?:(?!of )[a-z]+ ){{0,2}}(?:{_PARTS})\b")
_PART = re.compile(rf"(?:{_PARTS}|upper|lower)")
_NO_SIDES: Mapping[str, str] = MappingProxyType({})
_SIDE_WORD = re.compile(r"\b(?:right|left|bilateral|both|unspecified)\b")
_REMEMBERED = 1 << 14
"""Titles whose reading is kept: those of a family are compared over and over."""


@lru_cache(_REMEMBERED)
def side(title: str) -> str | None:
    """``right``, ``left``, ``bilateral`` or ``unspecified`` as the title names it, else None; also None when it names two sides."""
    lowered = title.lower()
    named = [name for name, pattern in _SIDES.items() if pattern.search(lowered)]
    if named:
        return named[0] if len(named) == 1 else None
    return "unspecified" if _UNSPECIFIED.search(lowered) else None


def sides(codebook: Codebook, code: str) -> Mapping[str, str]:
    """Side to code, for the siblings that differ from ``code`` by side alone, or else its cousins (L97.111, L97.121); for a header, its
    children that do.

    Empty when sides do not matter, or when a header has several codes for one side (dominant and nondominant): nothing is chosen for the
    caller. Codes are stems: a seventh character is not part of the answer. Raises UnknownCode.
    """
    return _sides_of_stem(codebook, codebook.stem(code))


@lru_cache(maxsize=16384)
def _sides_of_stem(codebook: Codebook, stem: str) -> Mapping[str, str]:
    """A family is compared title by title, and asked for again by every mention of every note."""
    children = codebook.children(stem)
    if children:
        return _by_side(codebook, children)
    for pool in _kin(codebook, stem):
        family = _by_side(codebook, tuple(one for one in pool if _differ_by_side(codebook.title(stem), codebook.title(one))))
        if family:
            return family
    return _NO_SIDES


def _kin(codebook: Codebook, stem: str) -> Iterator[tuple[str, ...]]:
    """The siblings of a code, itself included; then the children of its parent's siblings."""
    above = codebook.ancestors(stem)
    if above:
        yield codebook.children(above[0])
    if len(above) > 1:
        yield tuple(cousin for uncle in codebook.children(above[1]) for cousin in codebook.children(uncle))


def _by_side(codebook: Codebook, pool: tuple[str, ...]) -> Mapping[str, str]:
    """The pool by side when it has one right and one left of the same thing; else empty."""
    named = [(name, one) for one in pool if (name := side(codebook.title(one)))]
    by_side = dict(named)
    if len(by_side) < len(named) or not {"right", "left"} <= by_side.keys():
        return _NO_SIDES
    is_one_thing = _differ_by_side(codebook.title(by_side["right"]), codebook.title(by_side["left"]))
    return MappingProxyType(by_side) if is_one_thing else _NO_SIDES


def _differ_by_side(one: str, other: str) -> bool:
    """Whether two titles name the same thing. A bilateral title may leave out the part: "cataract, bilateral" and "cataract, right eye"."""
    mine, theirs = _bare(one), _bare(other)
    if side(one) == "bilateral":
        return not mine - theirs and all(_PART.fullmatch(word) for word in theirs - mine)
    if side(other) == "bilateral":
        return not theirs - mine and all(_PART.fullmatch(word) for word in mine - theirs)
    return mine == theirs


@lru_cache(_REMEMBERED)
def _bare(title: str) -> Counter[str]:
    """How often a title has each word, without those of side, singular and plural alike."""
    words = re.findall(r"[^\s,]+", _SIDE_WORD.sub(" ", title.lower()))
    return Counter(word.removesuffix("s") for word in words)
