"""Reason without underdosing.

What it checks
        A code for why too little of a medicine was taken (one whose code first note names underdosing of medication, such as Z91.12-) without
    a code for the drug (T36-T50 with 6).

Why it matters
        The note asks for the drug first; without it the claim says that something was left out and not what.

Fires
        I10 and Z91.120; G40.209 and Z91.A20.

Passes
        I10, T46.1X6A and Z91.120; F20.0 and Z91.148 (other noncompliance, whose note says "if applicable"); Z91.19.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.19.e.5.c; tabular list, code first notes at Z91.12, Z91.13 and Z91.A2
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.drug_effects import UNDERDOSING, drug_effect
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity
from terminology.codebook import NoteKind

ID = "FCE-746"
NAME = "reason-without-underdosing"
SEVERITY = Severity.ADVISORY

_REASONS = parse_ranges("Z91")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code."""
    reasons = [code for code in case.known if covered(code, _REASONS) and _wants_underdosing(case, code)]
    if reasons and not any(drug_effect(code)[1] == UNDERDOSING for code in case.known):
        for code in reasons:
            yield Fault((code,), f"{code} tells why a medicine was underdosed; code the drug (T36-T50 with 6) before it.")


def _wants_underdosing(case: EditCase, code: str) -> bool:
    notes = case.codebook.notes(code, NoteKind.CODE_FIRST)
    return any(note.text.strip().startswith("underdosing of medication") for note in notes)
