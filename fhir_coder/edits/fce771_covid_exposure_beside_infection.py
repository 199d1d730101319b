"""COVID-19 exposure beside infection.

What it checks
        Contact with COVID-19 (Z20.822) beside COVID-19 itself (U07.1).

Why it matters
        Contact is coded when the infection is ruled out or not known yet. A confirmed infection says more, and the two results contradict each other.

Fires
        U07.1, Z20.822; R05.1, Z20.822, U07.1.

Passes
        R05.1, Z20.822; U07.1, Z20.828 (contact with another virus); U07.1, Z86.16 (infected again).

Source
        ICD-10-CM Official Guidelines FY2026, I.C.1.g.1.a and I.C.1.g.1.e
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-771"
NAME = "covid-exposure-beside-infection"
SEVERITY = Severity.ADVISORY
HOLDS_FROM = date(2021, 1, 1)

_INFECTION, _CONTACT = "U07.1", "Z20.822"


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault."""
    if _INFECTION in case.known and _CONTACT in case.known:
        detail = f"{_CONTACT} is for an infection that is ruled out or not known; {_INFECTION} says that it is confirmed. Keep the one that holds."
        yield Fault((_INFECTION, _CONTACT), detail)
