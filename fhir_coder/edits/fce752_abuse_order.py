"""Abuse order.

What it checks
        Maltreatment, confirmed (T74) or suspected (T76), behind a first-listed current injury or reaction to stress.

Why it matters
        The maltreatment comes first, the injuries and mental conditions it caused follow.

Fires
        S00.12XA before T74.12XA; S40.021A before T76.11XA; F43.10 before T74.31XA.

Passes
        T76.11XA before S40.021A; I10 before T74.11XD (another disease is the reason for the visit).

Source
        ICD-10-CM Official Guidelines FY2026, I.C.19.f
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.phases import SEQUELA, phase
from fhir_coder.model import Severity

ID = "FCE-752"
NAME = "abuse-order"
SEVERITY = Severity.ADVISORY
IS_ABOUT_ORDER = True

_ABUSE = parse_ranges("T74, T76")
_FOLLOWING = parse_ranges("S00-T34, F43")


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, with the first-listed code and the maltreatment."""
    first = case.first_listed
    if first is None or not covered(first, _FOLLOWING) or phase(first) == SEQUELA:
        return
    abuse = next((code for code in case.known if covered(code, _ABUSE) and phase(code) != SEQUELA), None)
    if abuse:
        yield Fault((first, abuse), f"Maltreatment comes before the injuries and mental conditions it caused; put {abuse} before {first}.")
