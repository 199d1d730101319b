"""How ICD-10-CM codes are written, and in which order they stand."""

from __future__ import annotations

import re

# Letters occur beyond the first position (C4A, M1A, Z3A, QA0), and U codes exist (U07.1). A category always has a digit among its last two
# characters, which tells it from an acronym in brackets (HIV, MRI).
CODE = re.compile(r"[A-Z](?:[0-9][0-9A-Z]|[A-Z][0-9])(?:\.[0-9A-Z]{1,4})?")

# Categories that end in a letter stand in the tabular list after the category named here, not where their letter would sort them. J4A is
# left out on purpose: it is printed after J44, but the block "J40-J4A" that it closes holds J45 and J47 too.
_STANDS_AFTER = {"C4A": "C43", "C7A": "C75", "C7B": "C75", "D3A": "D36", "M1A": "M08", "Z3A": "Z36"}


def compact(code: str) -> str:
    """Capital letters and digits only: the form without dot and blanks. A dot anywhere but after the category stays, and is no code."""
    plain = code.strip().upper()
    return plain[:3] + plain[4:] if plain[3:4] == "." else plain


def dotted(code: str) -> str:
    """A compact code with its dot after the category."""
    return f"{code[:3]}.{code[3:]}" if len(code) > 3 else code


def tabular_key(code: str) -> str:
    """A string that sorts codes as ranges of the tabular list count them. ``code`` is dotted or compact."""
    plain = compact(code)
    category, rest = plain[:3], plain[3:]
    place = _STANDS_AFTER.get(category)
    return f"{place}~{category[2]}{rest}" if place else f"{category}{rest}"
