"""Manifestation codes: those whose title says so, and those that the Medicare Code Editor lists without the words."""

from __future__ import annotations

import re
from functools import cache

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.tables import read_table
from terminology.references import CodeReference

_TITLE = re.compile(r"\b(?:in|with|to)\b.*\bclassified elsewhere\b", re.IGNORECASE)
_AGENT = re.compile(r"\bas the cause of diseases classified elsewhere\b", re.IGNORECASE)


def is_manifestation(code: str, title: str) -> bool:
    """Whether the code may only follow the code of its underlying condition (guideline I.A.13)."""
    if _AGENT.search(title):  # B95-B97 name the agent of a disease and are no manifestation
        return False
    return bool(_TITLE.search(title)) or covered(code, _listed())


@cache
def _listed() -> tuple[CodeReference, ...]:
    return tuple(one for row in read_table("manifestations.tsv") for one in parse_ranges(row["codes"]))
