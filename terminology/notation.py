"""How ICD-10-CM codes are written, and in which order they stand."""

from __future__ import annotations

import re

# Letters occur beyond the first position (C4A, M1A, Z3A, QA0), and U codes exist (U07.1).
CODE = re.compile(r"[A-Z][0-9A-Z][0-9A-Z](?:\.[0-9A-Z]{1,4})?")

# Categories that end in a letter stand in the tabular list after the category named here, not where their letters would sort them.
_STANDS_AFTER = {"C4A": "C43", "C7A": "C75", "C7B": "C75", "D3A": "D36", "J4A": "J44", "M1A": "M08", "Z3A": "Z36"}


def compact(code: str) -> str:
    """Capital letters and digits only: the form without dot and blanks."""
    return code.strip().upper().replace(".", "")


def dotted(code: str) -> str:
    """A compact code with its dot after the category."""
    return f"{code[:3]}.{code[3:]}" if len(code) > 3 else code


def tabular_key(code: str) -> str:
    """A string that sorts codes as the tabular list does. ``code`` is dotted or compact."""
    plain = compact(code)
    category, rest = plain[:3], plain[3:]
    place = _STANDS_AFTER.get(category)
    return f"{place}~{category[2]}{rest}" if place else f"{category}{rest}"
