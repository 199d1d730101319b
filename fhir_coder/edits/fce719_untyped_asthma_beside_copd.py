"""Untyped asthma beside COPD.

What it checks
        Unspecified, uncomplicated asthma (J45.909) beside COPD.

Why it matters
        COPD includes asthma with it; the tabular list asks for the type of asthma beside it, and J45.909 tells none.

Fires
        J44.9 beside J45.909; J44.1 beside J45.909.

Passes
        J44.9 beside J45.40 (a type) or J45.901 (an exacerbation of the asthma).

Source
        Tabular list, includes note and code also note at J44; AHA Coding Clinic 2017, as reported by the trade press
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-719"
NAME = "untyped-asthma-beside-copd"
SEVERITY = Severity.ADVISORY
HOLDS_FROM = date(2017, 1, 1)

_COPD = parse_ranges("J44")


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault."""
    copd = tuple(code for code in case.known if covered(code, _COPD)) if "J45.909" in case.known else ()
    if copd:
        yield Fault(
            (*copd, "J45.909"),
            f"{', '.join(copd)} includes the asthma, and J45.909 tells no type; code the type (J45.-) or remove J45.909.",
        )
