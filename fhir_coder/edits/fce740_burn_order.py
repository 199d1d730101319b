"""Burn order.

What it checks
        Several burns or corrosions of the body surface, the first of them in claim order of a lower degree than a later one. Sequelae and
    burns of unspecified degree do not count.

Why it matters
        The burn of the highest degree is what the visit is mainly for and comes before the others.

Fires
        T22.112A before T21.21XA; T23.161A, T23.262A and T24.331A in this order.

Passes
        T21.21XA before T22.112A; T26.11XA before T20.27XA (the eye has no degree); T23.261S before T24.331A.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.19.d.1
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.burns import SITES, degree
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.phases import ACTIVE, HEALING, phase
from fhir_coder.model import Severity

ID = "FCE-740"
NAME = "burn-order"
SEVERITY = Severity.ADVISORY
IS_ABOUT_ORDER = True


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, with the first burn and the first of the highest degree."""
    burns = [code for code in case.known if SITES.cover(code) and phase(code) in {ACTIVE, HEALING} and degree(code)]
    if not burns:
        return
    worst = max(burns, key=degree)
    if degree(burns[0]) < degree(worst):
        yield Fault((burns[0], worst), f"{worst} is the burn of the highest degree; put it before {burns[0]} and the other burns.")
