"""Obstetric order.

What it checks
        A first-listed code from another chapter on a claim that has a code of chapter 15.

Why it matters
        Codes of chapter 15 have priority: behind another code the claim hides that the patient was seen for her pregnancy.

Fires
        D50.9 before O99.012; U07.1 before O98.512.

Passes
        O99.012 before D50.9; a Z code first (only-first-listed speaks of those); O94 behind the condition that is left; F53.0 before O92.13.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.15.a.1 (sequencing priority) and I.C.15.p (sequelae)
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.obstetrics import is_obstetric
from fhir_coder.model import Severity

ID = "FCE-755"
NAME = "obstetric-order"
SEVERITY = Severity.ADVISORY
IS_ABOUT_ORDER = True

# Perinatal codes, external causes and reasons for encounters have edits of their own; the rest are obstetric conditions that the Excludes2 note
# over chapter 15 leaves to other chapters.
_LEFT_OUT = parse_ranges("P00-P96, V00-Y99, Z00-Z99, F53, A34, E23.0, M83.0")
_SEQUELA = "O94"


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault: the first-listed code with the obstetric codes behind it."""
    first = case.first_listed
    if first is None or is_obstetric(first) or covered(first, _LEFT_OUT):
        return
    if later := [code for code in case.known if is_obstetric(code) and code != _SEQUELA]:
        detail = f"{first} is listed before {', '.join(later)}; codes of chapter 15 come before those of other chapters."
        yield Fault((first, *later), detail)
