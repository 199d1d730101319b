"""COVID-19 order.

What it checks
        An acute respiratory manifestation listed first when COVID-19 (U07.1) is coded behind it.

Why it matters
        A visit for a respiratory manifestation of COVID-19 is a visit for COVID-19, which stands first; the manifestation follows.

Fires
        J20.8, U07.1; J96.01, U07.1.

Passes
        U07.1, J20.8; O98.512, U07.1, J20.8; A41.89, U07.1; J12.82, U07.1 (its code first note speaks: code-first-order).

Source
        ICD-10-CM Official Guidelines FY2026, I.C.1.g.1.b and I.C.1.g.1.c
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-772"
NAME = "covid-order"
SEVERITY = Severity.ADVISORY
IS_ABOUT_ORDER = True
HOLDS_FROM = date(2020, 4, 1)

_INFECTION = "U07.1"
_MANIFESTATIONS = parse_ranges("J20.8, J20.9, J22, J40, J80, J96.0, J98.8")
# Guidelines of their own put these before COVID-19.
_BEFORE = parse_ranges("O00-O9A, A40-A41, T86")


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, on the first-listed code."""
    first = case.first_listed
    if first is None or _INFECTION not in case.known or not covered(first, _MANIFESTATIONS):
        return
    if not any(covered(code, _BEFORE) for code in case.known):
        yield Fault((first, _INFECTION), f"{first} is listed before {_INFECTION}; if COVID-19 caused it, put {_INFECTION} first.")
