"""Birth weight order.

What it checks
        The gestational age of a newborn (P07.2, P07.3) listed before the birth weight (P07.0, P07.1).

Why it matters
        Where both are known, both are coded, weight first.

Fires
        P07.30, P07.16; P07.23, P59.0, P07.02.

Passes
        P07.16, P07.36; P07.36 alone.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.16.d; tabular list, note at P07
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-778"
NAME = "birth-weight-order"
SEVERITY = Severity.ADVISORY
IS_ABOUT_ORDER = True

_WEIGHT, _AGE = ("P07.0", "P07.1"), ("P07.2", "P07.3")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each weight behind an age."""
    for place, age in enumerate(case.known):
        if not age.startswith(_AGE):
            continue
        for weight in case.known[place + 1 :]:
            if weight.startswith(_WEIGHT):
                yield Fault((age, weight), f"Birth weight comes before gestational age: put {weight} before {age}.")
