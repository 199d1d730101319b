"""Uncertain diagnosis.

What it checks
    An assigned diagnosis all of whose words are asserted as possible only: probable, suspected, likely, to be ruled out.

Why it matters
    In the outpatient setting an uncertain diagnosis is not coded as if it existed; the signs and symptoms that led to it are.

Fires
    J18.9 that rests on "possible pneumonia" alone.

Passes
    Pneumonia possible in the history and stated in the assessment; statuses, contacts and observation (Z codes), which are made for
    suspicion; suspected maltreatment (T76).

Source
    ICD-10-CM Official Guidelines FY2026, IV.H
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.grounds import rests_only_on
from fhir_coder.model import Presence, Severity

ID = "FCE-615"
NAME = "uncertain-diagnosis"
SEVERITY = Severity.BLOCKING
NEEDS = "note"

_MADE_FOR_SUSPICION = parse_ranges("O35-O36, T76, Z00-Z99")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with its words."""
    for code in case.known:
        evidence = rests_only_on(case, code, lambda one: one.presence is Presence.POSSIBLE)
        if evidence and not _MADE_FOR_SUSPICION.cover(code):
            detail = f"{code} rests on an uncertain diagnosis alone; code the signs or symptoms instead, or ask the provider."
            yield Fault((code,), detail, evidence)
