"""Weeks without pregnancy.

What it checks
        Weeks of gestation (Z3A) on a claim without a code that they could add to: no code of a pregnancy at all, or only codes of one that ended
        in abortion, was terminated, or is over (puerperium).

Why it matters
        Z3A says how far a pregnancy is. It does not apply to abortive outcomes, elective termination and the time after delivery.

Fires
        O03.9, Z3A.10; O90.0, Z3A.39; S93.401A, Z3A.20.

Passes
        O20.0, Z3A.08; Z34.82, Z3A.24; O02.1 beside O30.031 and Z3A.12; O70.0, Z37.0, Z3A.39.

Source
        Tabular list, code first note at Z3A; ICD-10-CM Official Guidelines FY2026, I.C.21.c.11
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.obstetrics import WEEKS, takes_weeks
from fhir_coder.model import Severity

ID = "FCE-759"
NAME = "weeks-without-pregnancy"
SEVERITY = Severity.ADVISORY


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, with the codes for weeks and what they were added to."""
    weeks = [code for code in case.known if code.startswith(WEEKS)]
    if not weeks or any(takes_weeks(code, title) for code, title in case.titles.items()):
        return
    others = [code for code in case.known if code[0] == "O" or code == "Z33.2"]
    if others:
        detail = f"{', '.join(weeks)} does not apply to {', '.join(others)}: weeks are coded for pregnancies that continue or end in birth. Remove it."
    else:
        detail = f"{', '.join(weeks)} stands without a code of a pregnancy; put the obstetric code first, or Z33.1 where the provider calls it incidental."
    yield Fault((*others, *weeks), detail)
