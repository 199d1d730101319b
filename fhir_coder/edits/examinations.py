"""Routine examinations of which the tabular list has one code with abnormal findings and one without (I.C.21.c.13)."""

from __future__ import annotations

import re

_EXAMINATION = re.compile(r"^Encounter for .*\bexamination\b.*\b(?P<kind>with|without) (?:other )?abnormal findings$")


def has_findings(title: str) -> bool | None:
    """Whether the title of an examination says that it found something; None for a code that does not tell."""
    found = _EXAMINATION.match(title)
    return None if found is None else found["kind"] == "with"
