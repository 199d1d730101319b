"""Clinician side.

What it checks
        A side that another clinician documents otherwise than the note that was coded.

Why it matters
        One of the two may be wrong, and then the claim names the wrong side; or both sides are affected, and one is not coded.

Fires
        An assigned M25.561 when a nurse writes of pain in the left knee.

Passes
        A nurse's side where the provider names none; the same side in both notes; a diagnosis that only a nurse names; another stage (FCE-608).

Source
        ICD-10-CM Official Guidelines FY2026, I.B.13 (laterality; conflicting documentation: query the provider) and I.B.14
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.clinicians import contradicted
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-609"
NAME = "clinician-side"
SEVERITY = Severity.ADVISORY
NEEDS = "note"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each pair of codes, with the other clinician's words."""
    for code, other, evidence in contradicted(case, _name_other_sides):
        detail = f"Another clinician documents the other side ({other}, where {code} is assigned): one of the two is wrong, or both sides are affected."
        yield Fault((code,), detail, evidence)


def _name_other_sides(case: EditCase, code: str, other: str) -> bool:
    stem, other_stem = case.codebook.stem(code), case.codebook.stem(other)
    return stem != other_stem and other_stem in case.side_families[code].values()
