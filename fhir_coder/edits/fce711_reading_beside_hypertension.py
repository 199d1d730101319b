"""Reading beside hypertension.

What it checks
        An elevated blood pressure reading without diagnosis of hypertension (R03.0) beside a diagnosis of hypertension.

Why it matters
        The title denies the diagnosis that is coded beside it; with the diagnosis the reading is part of it.

Fires
        I10 beside R03.0; I13.0 beside R03.0; O13.3 beside R03.0.

Passes
        R03.0 alone; I10 beside R03.1; I27.20 (pulmonary hypertension) beside R03.0.

Source
        Tabular list, title and note of R03.0
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-711"
NAME = "reading-beside-hypertension"
SEVERITY = Severity.BLOCKING
HOLDS_FROM = date(2015, 10, 1)

_HYPERTENSION = parse_ranges("I10-I13, I15-I16, I1A, O10-O11, O13-O16")


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault."""
    diagnoses = tuple(code for code in case.known if covered(code, _HYPERTENSION)) if "R03.0" in case.known else ()
    if diagnoses:
        yield Fault(("R03.0", *diagnoses), f"R03.0 says that no hypertension is diagnosed, and {', '.join(diagnoses)} is; remove R03.0.")
