"""Code first order.

What it checks
        A code whose code first note names a condition that is coded as well, but after it.

Why it matters
        The note fixes the order of the two; in the wrong order the claim names the consequence as the reason for its cause.

Fires
        N18.30 before E11.22; L97.411 before E11.621.

Passes
        E11.22 before N18.30; N18.30 without any condition that its note names; a pair whose notes name each other;
        a code behind another condition that its note gives as an example (G30.9, F02.80, E03.9: the dementia has its cause); a drug behind
        the condition that it caused, whatever comes after.

Source
        ICD-10-CM Official Guidelines FY2026, I.A.13 and I.B.9
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.drug_effects import ADVERSE_EFFECT, can_be_nature, drug_effect
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.instructions import code_first_notes
from fhir_coder.model import Severity

ID = "FCE-205"
NAME = "code-first-order"
SEVERITY = Severity.ADVISORY
IS_ABOUT_ORDER = True


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each pair in the wrong order."""
    for place, code in enumerate(case.known):
        before = case.known[:place]
        for later in case.known[place + 1 :]:
            if _asks_for(case, code, later, before) and not _asks_for(case, later, code, ()):
                yield Fault((code, later), f"The code first note at {code} names {later}; put {later} before {code}.")


def _asks_for(case: EditCase, code: str, other: str, before: Sequence[str]) -> bool:
    """Whether a code first note over ``code`` names ``other``, and none of the codes before has answered it already."""
    if drug_effect(code)[1]:
        return drug_effect(code)[1] == ADVERSE_EFFECT and not any(map(can_be_nature, before)) and _names(case, code, other)
    return any(note.names(other) and not note.names(code) and not note.is_answered(before) for note in code_first_notes(case, code))


def _names(case: EditCase, code: str, other: str) -> bool:
    return any(note.names(other) for note in code_first_notes(case, code))
