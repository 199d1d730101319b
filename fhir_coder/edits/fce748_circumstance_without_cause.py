"""Circumstance without cause.

What it checks
        A place of occurrence (Y92) or external cause status (Y99) without any code that says what happened: an external cause, an activity,
    a poisoning, a toxic effect, maltreatment, a complication of care or another code that names its cause itself.

Why it matters
        Where it happened and whether at work only add to what happened; alone they tell nothing.

Fires
        S93.401A and Y92.322; M54.50 and Y99.0.

Passes
        S93.401A, X50.9XXA and Y92.322; T63.441A and Y92.017; S83.242A and Y93.H2 (an activity may stand alone).

Source
        ICD-10-CM Official Guidelines FY2026, I.C.20.b and I.C.20.k
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-748"
NAME = "circumstance-without-cause"
SEVERITY = Severity.ADVISORY
IS_VERIFIED = False
"""The rule of external cause status was compared with a restatement; no text was found that gives its paragraph the letter k."""

_CIRCUMSTANCES = parse_ranges("Y92, Y99")
_CAUSES = parse_ranges("V00-Y38, Y62-Y91, Y93, Y95, T15-T19, T36-T78, T80-T88")


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, with every such code."""
    circumstances = tuple(code for code in case.known if covered(code, _CIRCUMSTANCES))
    if circumstances and not any(covered(code, _CAUSES) for code in case.known):
        yield Fault(
            circumstances,
            f"{', '.join(circumstances)} stands without a code of what happened; add the external cause, or remove the circumstance.",
        )
