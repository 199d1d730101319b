"""Statement conflict.

What it checks
        An assigned diagnosis that the same encounter denies elsewhere, in the same note or another, or calls ruled out or resolved where it
    draws its conclusion.

Why it matters
        The notes contradict each other, and only the provider can say which holds: a correction, or a sentence carried over from an old note.

Fires
        Pneumonia in the assessment and "pneumonia was ruled out" in an addendum; "no diabetes" in the history beside an assigned E11.9.

Passes
        A symptom that the review of systems denies by habit; "no acute heart failure", "no further seizures" (a turn is denied, not the
    condition); what only a nurse or a relative's history denies.

Source
        ICD-10-CM Official Guidelines FY2026, I.B.14 (conflicting documentation: query the provider) and IV.J
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.statements import CONCLUSIONS, denials, denying, place
from fhir_coder.model import Evidence, Severity

ID = "FCE-610"
NAME = "statement-conflict"
SEVERITY = Severity.BLOCKING
NEEDS = "note"

_NO_STATEMENT = parse_ranges("V00-Y99, Z00-Z99")
# Signs and symptoms, among them pain and itch outside of chapter 18: templates deny them all.
_SYMPTOMS = parse_ranges("R00-R99, M25.5, M54, M79.1, M79.6, H57.1, L29, N64.4, K59.0, G44.1, H92.0")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with the words that affirm and those that deny it."""
    statements = denying(case)
    for code in case.known if statements else ():
        affirmed = case.evidence_for(code)
        if covered(code, _NO_STATEMENT) or not affirmed:
            continue
        denied = [one for one in denials(case, code, statements) if one not in affirmed and _is_meant(code, one)]
        if denied:
            places = f"{place(case, affirmed[0])} affirms it, {place(case, denied[0])} denies it or calls it over"
            yield Fault((code,), f"{code} is contradicted: {places}; ask the provider which holds.", (affirmed[0], *denied))


def _is_meant(code: str, denial: Evidence) -> bool:
    return not covered(code, _SYMPTOMS) or denial.section in CONCLUSIONS
