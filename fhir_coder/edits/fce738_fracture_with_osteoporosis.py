"""Fracture with osteoporosis.

What it checks
        Osteoporosis without current pathological fracture (M81) beside a current traumatic fracture of a bone that osteoporosis breaks: spine,
    pelvis, upper end of the humerus, wrist, hip. Silent where the external cause is a crash, a fall from a height or an assault.

Why it matters
        A patient with known osteoporosis who breaks a bone in a minor fall has a pathological fracture (M80), and M81 then says the opposite.

Fires
        S52.531A, M81.0 and W18.30XA; S72.001A and M81.0.

Passes
        S52.531A and M81.0 after a car crash; S92.511A and M81.0 (a toe); M81.0 with Z87.310.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.13.d.1 and I.C.13.d.2
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.phases import SEQUELA, phase
from fhir_coder.model import Severity

ID = "FCE-738"
NAME = "fracture-with-osteoporosis"
SEVERITY = Severity.ADVISORY

_OSTEOPOROSIS = parse_ranges("M81")
_FRAGILE = parse_ranges("S22.0, S32.0, S32.1, S32.5, S32.8, S42.2, S52.5, S52.6, S72.0-S72.2")
# Forces that break a healthy bone too: V00 to V99, falls from one level to another, machines, blows and weapons.
_HIGH_ENERGY = parse_ranges("V00-V99, W09-W17, W20-W40, W55, X92-Y38")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such fracture, with the osteoporosis."""
    osteoporosis = next((code for code in case.known if covered(code, _OSTEOPOROSIS)), None)
    if osteoporosis is None or any(covered(code, _HIGH_ENERGY) for code in case.known):
        return
    for code in case.known:
        if covered(code, _FRAGILE) and phase(code) not in {"", SEQUELA}:
            detail = (
                f"{code} and {osteoporosis}: if the force would not have broken a healthy bone, code M80 instead of both; if unclear, ask."
            )
            yield Fault((code, osteoporosis), detail)
