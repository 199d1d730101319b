"""Circumstance after initial encounter.

What it checks
        A place of occurrence (Y92), activity (Y93) or external cause status (Y99) when every injury and external cause is of a later encounter
    or a sequela.

Why it matters
        Place, activity and status are told once, at the initial encounter; on a later claim they count the event again.

Fires
        S93.402D and Y93.67; M25.531, S52.501S, W19.XXXS and Y92.322.

Passes
        S93.402A and Y93.67; S93.402D, S61.211A and Y93.G1; S93.402D, M77.11 and Y93.73 (the activity may be that of the elbow).

Source
        ICD-10-CM Official Guidelines FY2026, I.C.20.b, I.C.20.c and I.C.20.k
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.phases import ACTIVE, HEALING, cause_phase, phase
from fhir_coder.model import Severity

ID = "FCE-749"
NAME = "circumstance-after-initial"
SEVERITY = Severity.ADVISORY
IS_VERIFIED = False
"""The rule of external cause status was compared with a restatement; no text was found that gives its paragraph the letter k."""

_CIRCUMSTANCES = parse_ranges("Y92, Y93, Y99")
_DISEASES_OF_ACTIVITY = parse_ranges("I00-I99, M00-M99")


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, with every such code."""
    circumstances = tuple(code for code in case.known if covered(code, _CIRCUMSTANCES))
    if circumstances and _is_later(case):
        detail = f"{', '.join(circumstances)} is reported at the initial encounter only; remove it from a visit for healing or a sequela."
        yield Fault(circumstances, detail)


def _is_later(case: EditCase) -> bool:
    """Whether there are injuries, all past active treatment, and no disease that place and activity may belong to. Beside a sequela alone the
    disease is what remained of the injury."""
    injuries = {phase(code) for code in case.known} - {""}
    if not injuries or ACTIVE in injuries or any(cause_phase(code) == ACTIVE for code in case.known):
        return False
    return HEALING not in injuries or not any(covered(code, _DISEASES_OF_ACTIVITY) and not phase(code) for code in case.known)
