"""Gestation conflict.

What it checks
        Codes for two trimesters without weeks that decide between them, or two codes for weeks of gestation.

Why it matters
        A visit falls on one day of one pregnancy. Only a stay in hospital can reach from one trimester into the next.

Fires
        O09.521, O99.012; Z3A.12, Z3A.13.

Passes
        O09.522, O99.012; a trimester beside "unspecified trimester"; O60.13X0 alone; two trimesters beside weeks (trimester-weeks names the wrong one).

Source
        ICD-10-CM Official Guidelines FY2026, I.C.15.a.3 and I.C.15.a.4 (stays that reach into another trimester)
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.obstetrics import trimesters, weeks_coded
from fhir_coder.model import Severity

ID = "FCE-758"
NAME = "gestation-conflict"
SEVERITY = Severity.ADVISORY


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault for weeks and, where there are none, one for trimesters."""
    weeks = weeks_coded(case)
    if len(weeks) > 1:
        yield Fault(tuple(weeks), f"{', '.join(weeks)} tell different weeks of one pregnancy; keep the weeks of the date of service.")
    if weeks:
        return
    told = {code: named for code, title in case.titles.items() if (named := trimesters(title))}
    if told and not frozenset.intersection(*told.values()):
        yield Fault(
            tuple(told),
            f"{', '.join(told)} are of different trimesters; an outpatient visit falls into one. Take it from the weeks documented.",
        )
