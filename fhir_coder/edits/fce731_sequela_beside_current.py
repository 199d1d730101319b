"""Sequela beside current.

What it checks
        The same injury with the seventh character S and with one for treatment or healing.

Why it matters
        A sequela is what remains after the injury is over; one injury cannot be over and under care at the same visit.

Fires
        S93.401A beside S93.401S; S82.841D beside S82.841S.

Passes
        S93.401A beside S93.402S (the other ankle); T23.261S beside T23.261A (burns are excepted).

Source
        ICD-10-CM Official Guidelines FY2026, I.B.10 and, for burns, I.C.19.d.8
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.phases import SEQUELA, phase, same_injury
from fhir_coder.model import Severity

ID = "FCE-731"
NAME = "sequela-beside-current"
SEVERITY = Severity.ADVISORY


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such injury, with all its codes."""
    for stem, codes in same_injury(case).items():
        sequelae = [code for code in codes if phase(code) == SEQUELA]
        if sequelae and len(sequelae) < len(codes):
            yield Fault(codes, f"{stem} is coded as current and as a sequela; keep one, unless a new injury hit the place of the old one.")
