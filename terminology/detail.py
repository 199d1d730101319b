"""Which code says more of the same condition than another (Official Guidelines I.B.2, level of detail in coding)."""

from __future__ import annotations

import re

from terminology.codebook import Codebook
from terminology.laterality import side, sides

_UNSPECIFIED = re.compile(r"\bunspecified\b|\bwithout (?:mention of )?complications?\b", re.IGNORECASE)


def is_unspecified(title: str) -> bool:
    """Whether the title says that the note might have said more."""
    return bool(_UNSPECIFIED.search(title))


def scope(codebook: Codebook, code: str) -> str:
    """The nearest header above an unspecified code that is itself not unspecified: what the code is the unspecified child of.

    G47.00 (insomnia, unspecified) is that of G47.0 and says nothing less than sleep apnea at G47.3; N18.9 is that of the whole of N18.
    """
    above = codebook.ancestors(codebook.stem(code))
    return next((header for header in above if not is_unspecified(codebook.title(header))), above[-1] if above else code)


def says_more(codebook: Codebook, other: str, code: str) -> bool:
    """Whether ``other`` says more of the same condition, on the same side, than the unspecified ``code`` (guidelines I.B.2, I.B.18)."""
    title, other_title = codebook.title(code), codebook.title(other)
    if code == other or not is_unspecified(title) or is_unspecified(other_title) or code[0] == "Z":
        return False
    within = scope(codebook, code)
    return (other == within or within in codebook.ancestors(other)) and _sides_agree(title, other_title)


def _sides_agree(title: str, other: str) -> bool:
    named = {side(title), side(other)} - {None, "unspecified"}
    return len(named) <= 1


def is_below(codebook: Codebook, code: str, other: str) -> bool:
    """Whether ``code`` lies under the header (or the stem that waits for its seventh character) ``other``."""
    return other in codebook.ancestors(code)


def names_side_of(codebook: Codebook, code: str, other: str) -> bool:
    """Whether ``code`` is ``other`` with the side named that ``other`` leaves open, the seventh character being the same (I.B.13)."""
    stem, open_stem = codebook.stem(code), codebook.stem(other)
    if stem == open_stem or code[len(stem) :] != other[len(open_stem) :]:
        return False
    family = sides(codebook, code)
    return family.get("unspecified") == open_stem and stem in family.values()


def is_more_specific(codebook: Codebook, code: str, other: str) -> bool:
    """Whether ``code`` is a more detailed statement of what ``other`` says, in any of these ways."""
    return is_below(codebook, code, other) or names_side_of(codebook, code, other) or says_more(codebook, code, other)
