"""Age conflict.

What it checks
        A diagnosis outside the ages at which it is plausible: perinatal, newborn, pediatric, maternity, adult, and the ages that titles
    and notes of the tabular list name.

Why it matters
        Either the diagnosis or the date of birth is wrong; payers edit on both.

Fires
        O80 at 70 years; P07.30 at 40 years; Z00.00 at 6 years.

Passes
        Z00.129 at 6 years; any code when the date of birth or of service is unknown.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.16.a; tabular list, notes at Z00 and Z68; CMS Definitions of Medicare Code Edits, age
    conflict (age_limits.tsv names the source of each row)
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-401"
NAME = "age-conflict"
SEVERITY = Severity.ADVISORY


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each code outside its ages."""
    if case.age_days is None or case.age_years is None or case.age_days < 0:
        return
    for code in case.known:
        for limit in case.lists.ages_of(code):
            if not limit.admits(case.age_days, case.age_years):
                yield Fault(
                    (code,),
                    f"{code} ({limit.group}) is expected from {limit.first} to {limit.last}, not at {_said(case)}; check the code and the date of birth.",
                )


def _said(case: EditCase) -> str:
    return f"{case.age_years} years" if case.age_years else f"{case.age_days} days"
