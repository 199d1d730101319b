"""Trimester against weeks.

What it checks
        A code for one trimester beside weeks of gestation (Z3A) that lie in another: the second begins at 14, the third at 28 completed weeks.

Why it matters
        One of the two is wrong, and both tell the payer how far the pregnancy has come.

Fires
        O09.521 with Z3A.20; Z34.02 with Z3A.28.

Passes
        O09.522 with Z3A.27; a trimester that is not specified; weeks that are not specified; O60.13X0, which names two trimesters.

Source
        Tabular list, note over chapter 15 (definition of trimesters); ICD-10-CM Official Guidelines FY2026, I.C.15.a.3
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.obstetrics import trimesters, weeks_coded
from fhir_coder.gestation import trimester_of
from fhir_coder.model import Severity

ID = "FCE-757"
NAME = "trimester-weeks"
SEVERITY = Severity.BLOCKING


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each code with a trimester and each code with weeks that contradict each other."""
    for weeks_code, weeks in weeks_coded(case).items():
        by_weeks = trimester_of(weeks)
        for code, title in case.titles.items():
            named = trimesters(title)
            if named and by_weeks not in named:
                told = " and ".join(sorted(named))
                yield Fault(
                    (code, weeks_code), f"{code} is of the {told} trimester, but {weeks_code} lies in the {by_weeks}; correct one of them."
                )
