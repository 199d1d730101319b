"""HIV status with illness.

What it checks
        Asymptomatic HIV infection status (Z21) beside an illness that HIV brings with it (hiv_illnesses.tsv).

Why it matters
        Z21 says that there are no symptoms and no illness of HIV. Whoever has or is treated for one has HIV disease (B20), from then on for good.

Fires
        Z21, B59; C46.0, Z21.

Passes
        B20, B59; Z21, E11.9; Z21, J18.9.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.1.a.2.d and I.C.1.a.2.f; hiv_illnesses.tsv names the source of each row
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from fhir_coder.code_ranges import CodeRanges, covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Severity

ID = "FCE-773"
NAME = "hiv-status-with-illness"
SEVERITY = Severity.ADVISORY

_STATUS = "Z21"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such illness."""
    if _STATUS not in case.known:
        return
    for code in case.known:
        if any(covered(code, codes) for codes in _illnesses()):
            yield Fault(
                (_STATUS, code),
                f"{code} is an illness of HIV unless the provider gives another cause; code B20 in place of {_STATUS}, or ask.",
            )


@cache
def _illnesses() -> tuple[CodeRanges, ...]:
    return tuple(parse_ranges(row["codes"]) for row in read_table("hiv_illnesses.tsv"))
