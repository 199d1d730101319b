"""Clinician conflict.

What it checks
        A side, an ulcer's depth or stage, a body mass index or a blood alcohol level that another clinician documents otherwise than the note
    that was coded.

Why it matters
        One of the two is wrong, and only the provider can say which.

Fires
        An assigned M25.561 when a nurse writes of pain in the left knee; an assigned L89.152 when the wound nurse stages the ulcer 3.

Passes
        A nurse's side where the provider names none; the same side in both notes; a diagnosis that only a nurse names.

Source
        ICD-10-CM Official Guidelines FY2026, I.B.13 and I.B.14 (conflicting documentation: query the provider)
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import RejectionReason, Severity

ID = "FCE-608"
NAME = "clinician-conflict"
SEVERITY = Severity.BLOCKING
NEEDS = "note"

_ONE_VALUE = frozenset({"Z68", "Y90"})
_ULCERS = parse_ranges("L89, L97, L98.4")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each pair of codes, with the other clinician's words."""
    for rejection in case.coded.rejected if case.coded else ():
        other = case.codebook.normalize(rejection.code)
        if other and rejection.reason is RejectionReason.NOT_PROVIDERS:
            for code in (one for one in case.known if _contradict(case, one, other)):
                detail = f"Another clinician documents {other}, and {code} is assigned; ask the provider which is right."
                yield Fault((code,), detail, rejection.evidence)


def _contradict(case: EditCase, code: str, other: str) -> bool:
    """Whether two codes tell the same fact differently. What one of them leaves open is no contradiction."""
    if code == other or "unspecified" in case.titles[code].lower() or "unspecified" in case.codebook.title(other).lower():
        return False
    if code[:3] == other[:3] and code[:3] in _ONE_VALUE:
        return True
    if covered(code, _ULCERS) and case.codebook.parent(code) == case.codebook.parent(other):
        return True
    stem, other_stem = case.codebook.stem(code), case.codebook.stem(other)
    return stem != other_stem and other_stem in case.side_families[code].values()
