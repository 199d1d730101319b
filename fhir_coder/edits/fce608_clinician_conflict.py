"""Clinician conflict.

What it checks
        An ulcer's depth or stage, a body mass index or a blood alcohol level that another clinician documents otherwise than the note that was
    coded.

Why it matters
        The patient has one such value at one time: one of the two is wrong, and only the provider can say which.

Fires
        An assigned L89.152 when the wound nurse stages the ulcer 3; an assigned Z68.31 when a nurse measures 34.

Passes
        A nurse's stage where the provider names none; the same value in both notes; a diagnosis that only a nurse names; the other side (FCE-609).

Source
        ICD-10-CM Official Guidelines FY2026, I.B.14 (conflicting documentation: query the provider)
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.clinicians import contradicted
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-608"
NAME = "clinician-conflict"
SEVERITY = Severity.BLOCKING
NEEDS = "note"

_ONE_VALUE = frozenset({"Z68", "Y90"})
_ULCERS = parse_ranges("L89, L97, L98.4")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each pair of codes, with the other clinician's words."""
    for code, other, evidence in contradicted(case, _tell_one_value_differently):
        yield Fault((code,), f"Another clinician documents {other}, and {code} is assigned; ask the provider which is right.", evidence)


def _tell_one_value_differently(case: EditCase, code: str, other: str) -> bool:
    if code[:3] == other[:3] and code[:3] in _ONE_VALUE:
        return True
    return covered(code, _ULCERS) and case.codebook.parent(code) == case.codebook.parent(other)
