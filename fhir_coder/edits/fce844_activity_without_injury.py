"""Activity without injury.

What it checks
    An activity code (Y93) on a claim whose codes of injury and other external effects are all poisonings, adverse effects or underdosings of
    drugs, or all sequelae.

Why it matters
    Activity codes say what a person did when hurt. The guidelines do not allow them for poisonings, adverse effects and sequelae.

Fires
    T39.1X1A, Y93.E9; L27.0, T36.0X5A, Y93.01.

Passes
    S93.401A, Y93.02; T39.1X1A, S01.81XA, Y93.01; I21.4, Y93.H1 (an illness that exertion brought on).

Source
    ICD-10-CM Official Guidelines FY2026, I.C.20.c
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.drug_effects import drug_effect
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.phases import SEQUELA, phase
from fhir_coder.model import Severity

ID = "FCE-844"
NAME = "activity-without-injury"
SEVERITY = Severity.ADVISORY

_ACTIVITY = parse_ranges("Y93")
_EFFECTS = parse_ranges("S00-T88")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each activity."""
    effects = [code for code in case.known if _EFFECTS.cover(code)]
    if not effects or not all(drug_effect(code)[1] or phase(code) == SEQUELA for code in effects):
        return
    for code in case.known:
        if _ACTIVITY.cover(code):
            yield Fault((code,), f"{code} is an activity, which is not coded with {', '.join(effects)}; remove it.")
