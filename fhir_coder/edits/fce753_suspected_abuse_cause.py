"""Suspected abuse cause.

What it checks
        An assault or a perpetrator (X92-Y09) beside maltreatment that is only suspected (T76), none being confirmed (T74).

Why it matters
        Assault and perpetrator are reported with confirmed maltreatment only; beside a suspicion the claim accuses a person.

Fires
        T76.12XA, S00.12XA and Y07.11; T76.11XA and Y04.0XXA.

Passes
        T74.12XA and Y07.11; T76.11XA and S40.021A; S00.12XA and Y04.0XXA (a fight, no maltreatment).

Source
        ICD-10-CM Official Guidelines FY2026, I.C.19.f; tabular list, note at Y07
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-753"
NAME = "suspected-abuse-cause"
SEVERITY = Severity.BLOCKING

_SUSPECTED = parse_ranges("T76")
_CONFIRMED = parse_ranges("T74")
_ASSAULT = parse_ranges("X92-Y09")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such cause, with the suspicion."""
    suspected = next((code for code in case.known if covered(code, _SUSPECTED)), None)
    if suspected is None or any(covered(code, _CONFIRMED) for code in case.known):
        return
    for code in case.known:
        if covered(code, _ASSAULT):
            yield Fault((suspected, code), f"{suspected} is suspected maltreatment, with which {code} is not reported; remove it.")
