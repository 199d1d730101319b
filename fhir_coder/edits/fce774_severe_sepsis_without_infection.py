"""Severe sepsis without infection.

What it checks
        Severe sepsis (R65.2) without the code of the systemic infection under it.

Why it matters
        Severe sepsis takes two codes at least: the systemic infection (A41.9 where nothing more is known) and R65.2. A local infection does not stand for it.

Fires
        J18.9, R65.20; N39.0, R65.21, N17.9.

Passes
        A41.9, R65.20; T81.44XA, R65.20; O85, R65.20; A39.2, R65.21.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.1.d.1.b; tabular list, code first note at R65.2
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.instructions import code_first_references
from fhir_coder.model import Severity

ID = "FCE-774"
NAME = "severe-sepsis-without-infection"
SEVERITY = Severity.ADVISORY

_SEVERE = "R65.2"
# Systemic infections whose titles do not say "sepsis".
_SYSTEMIC = parse_ranges("A20.7, A21.7, A24.1, A28.2, A39.1-A39.4, A48.3, B00.7, O75.3, P36, P37.2, T88.0")
_SAYS_SEPSIS = ("sepsis", "septic")
_NO_INFECTION = parse_ranges("R65, Z51.A, T81.12")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each code of severe sepsis."""
    severe = [code for code in case.known if code.startswith(_SEVERE)]
    if not severe or any(_is_systemic(case, code) for code in case.known):
        return
    for code in severe:
        yield Fault(
            (code,), f"{code} needs the systemic infection before it; add the code of the sepsis (A41.9 where the organism is not known)."
        )


def _is_systemic(case: EditCase, code: str) -> bool:
    if covered(code, _NO_INFECTION):
        return False
    title = case.titles[code].lower()
    return covered(code, _SYSTEMIC) or any(word in title for word in _SAYS_SEPSIS) or covered(code, code_first_references(case, "R65.20"))
