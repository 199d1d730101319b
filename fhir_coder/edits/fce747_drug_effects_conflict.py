"""Drug effects conflict.

What it checks
        One drug coded as a poisoning and as an adverse effect, or as a poisoning by two intents.

Why it matters
        An adverse effect is of a drug taken as it should be, a poisoning of one that was not, and a poisoning has one intent; both at one visit
    contradict each other and are ordered in opposite ways.

Fires
        T45.511A beside T45.515A; T39.1X1A beside T39.1X2A.

Passes
        T45.511A beside T46.4X5A (another drug); T46.6X5A beside T46.6X6A (a drug taken less for what it did).

Source
        ICD-10-CM Official Guidelines FY2026, I.C.19.e.5.a and I.C.19.e.5.b
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.drug_effects import ADVERSE_EFFECT, POISONING, drug_effect
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.phases import SEQUELA, phase
from fhir_coder.model import Severity

ID = "FCE-747"
NAME = "drug-effects-conflict"
SEVERITY = Severity.ADVISORY

_PARTED = POISONING | {ADVERSE_EFFECT}


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such pair."""
    effects = {code: drug_effect(code) for code in case.known if drug_effect(code)[1] in _PARTED and phase(code) != SEQUELA}
    for (code, (drug, effect)), (other, (other_drug, other_effect)) in combinations(effects.items(), 2):
        if drug == other_drug and effect != other_effect:
            yield Fault((code, other), f"{code} and {other} tell two ways in which one drug did harm; keep what the notes tell, or ask.")
