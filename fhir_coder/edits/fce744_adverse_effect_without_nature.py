"""Adverse effect without nature.

What it checks
        A code for the adverse effect of a drug (T36-T50 with 5) that no condition stands before: it is first-listed, or only Z codes,
    external causes and other drugs come first.

Why it matters
        The drug code only names the drug; what it did to the patient is the diagnosis and stands before it, if need be as T88.7.

Fires
        T45.515A before R04.0; T36.0X5A alone; Z79.01 and T45.515A.

Passes
        R04.0 before T45.515A; L27.0 before T36.0X5A; an adverse effect's sequela (FCE-730).

Source
        ICD-10-CM Official Guidelines FY2026, I.C.19.e.5.a; tabular list, code first note at T36-T50
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.drug_effects import ADVERSE_EFFECT, can_be_nature, drug_effect
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.phases import SEQUELA, phase
from fhir_coder.model import Severity

ID = "FCE-744"
NAME = "adverse-effect-without-nature"
SEVERITY = Severity.BLOCKING
IS_ABOUT_ORDER = True


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code that stands before every condition."""
    for given in takewhile(lambda one: not can_be_nature(one), case.codes):
        code = case.codebook.normalize(given)
        if code and drug_effect(code)[1] == ADVERSE_EFFECT and phase(code) != SEQUELA:
            yield Fault(
                (code,), f"{code} names the drug of an adverse effect; put what it did to the patient (T88.7 if unspecified) before it."
            )
