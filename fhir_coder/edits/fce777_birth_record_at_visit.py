"""Birth record at visit.

What it checks
        A liveborn infant (Z38) beside a routine examination of a child (Z00.1).

Why it matters
        Z38 is coded once, by whoever attends the birth, on the record of the birth. A visit to an office is an examination of a newborn who was born elsewhere.

Fires
        Z00.110, Z38.00; Z38.01, Z00.111.

Passes
        Z38.00, P59.9; Z00.110, P59.9; Z00.129, Z23.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.16.a.2 and I.C.21.c.12; tabular list, note at Z38
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-777"
NAME = "birth-record-at-visit"
SEVERITY = Severity.ADVISORY

_LIVEBORN, _EXAMINATION = "Z38", "Z00.1"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each code of a liveborn infant."""
    visits = [code for code in case.known if code.startswith(_EXAMINATION)]
    if not visits:
        return
    for code in case.known:
        if code.startswith(_LIVEBORN):
            yield Fault(
                (code, *visits), f"{code} belongs to the record of the birth alone; this is a visit ({', '.join(visits)}): remove {code}."
            )
