"""Sentences about a vaccine: they name the infection that it prevents, not one that the patient has (guidelines IV.G, I.C.21.c.2)."""

from __future__ import annotations

import re

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.model import Candidate

_VACCINE = re.compile(
    r"\b(?:un|under-?)?(?:vaccin|immuni[sz])|\bboosters?\b|\b(?:flu|influenza|covid(?:-19)?|pneumonia|shingles|rsv) shots?\b", re.IGNORECASE
)
_INFECTED = re.compile(r"\b(?:positive|infected|infection|symptom\w*)\b", re.IGNORECASE)
# A line of a plan or of a table of immunizations that has no word of vaccine: "COVID-19: declined", "Flu shot today, COVID-19 next visit".
_ITEM = re.compile(
    r"\b(?:covid(?:[- ]?19)?|flu|influenza|pneumonia|pneumococcal|shingles|rsv)\b\s*(?:\([^)]*\)\s*)?[:,–-]?\s*"
    r"(?:declined|declines|refused|refuses|deferred|(?:\d|one|two|three|four) (?:doses?|shots?)|x ?\d|utd|up to date|(?:at )?next visit|"
    r"series|doses?)\b(?=\s*(?:[.,;)]|$|today|again|by|at|for now|this|given|received|complete))",
    re.IGNORECASE,
)
_PREVENTED = parse_ranges("A37, B01-B02, B05, B15-B16, B97.4, J09-J18, U07.1")
# Infections, and being screened for one, exposed to one, carrying one, having had one, or lacking the vaccine: nearness of words cannot tell
# "fully vaccinated" from these; where one of them is meant, the dictionary says so.
_NOT_TOLD = parse_ranges("A00-B99, G00-G05, J00-J22, U07.1, Z11, Z20, Z22, Z28.3, Z86.1")


def is_about_its_vaccine(candidate: Candidate, sentence: str) -> bool:
    """Whether a candidate only names what the vaccine of the sentence prevents: one that retrieval found, or in an item without any word of
    an infection also one of the dictionary."""
    if covered(candidate.code, _PREVENTED) and _ITEM.search(sentence) and not _INFECTED.search(sentence):
        return True
    if not candidate.source.startswith("retrieval:") or not covered(candidate.code, _NOT_TOLD):
        return False
    return _VACCINE.search(sentence) is not None and _INFECTED.search(sentence) is None
