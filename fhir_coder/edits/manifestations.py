"""Manifestation codes whose title says so; others are listed (:mod:`fhir_coder.edits.lists`)."""

from __future__ import annotations

import re

_TITLE = re.compile(r"\b(?:in|with|to)\b.*\bclassified elsewhere\b", re.IGNORECASE)
_AGENT = re.compile(r"\bas the cause of diseases classified elsewhere\b", re.IGNORECASE)


def says_manifestation(title: str) -> bool | None:
    """Whether the title says that the code may only follow that of its underlying condition (guideline I.A.13); None when it says neither."""
    if _AGENT.search(title):  # B95-B97 name the agent of a disease and are no manifestation
        return False
    return True if _TITLE.search(title) else None
