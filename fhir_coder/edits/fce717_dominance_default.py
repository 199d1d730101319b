"""Dominance default.

What it checks
        A hemiplegia or monoplegia coded to the left dominant or the right nondominant side, when the notes say nothing of handedness or dominance.

Why it matters
        Where nothing is documented the guideline takes the right side for dominant and the left for nondominant.

Fires
        I69.352 (left dominant side) or G81.93 (right nondominant side) when no note says which hand the patient uses.

Passes
        I69.354 (left nondominant) and I69.351 (right dominant); I69.352 for a patient who is left-handed.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.6.a and I.C.9.d.1
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-717"
NAME = "dominance-default"
SEVERITY = Severity.ADVISORY
NEEDS = "note"

_PALSIES = parse_ranges("G81, G83.1-G83.3, I69")
_AGAINST_DEFAULT = re.compile(r"left dominant side|right non-?dominant side", re.IGNORECASE)
_TOLD = re.compile(
    r"\b(?:left|right)[- ]?hand(?:ed|edness)\b|\bdominan\w+|\bnon-?dominan\w+|\bambidext\w+|\b[lr]hd\b|handedness|writes with",
    re.IGNORECASE,
)


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with the words it rests on."""
    codes = [code for code in case.known if covered(code, _PALSIES) and _AGAINST_DEFAULT.search(case.titles[code])]
    if codes and case.encounter is not None and not any(_TOLD.search(note.text) for note in case.encounter.notes):
        for code in codes:
            detail = f"{code} goes against the default (right dominant, left nondominant), and no note tells the dominant side; code the default."
            yield Fault((code,), detail, case.evidence_for(code))
