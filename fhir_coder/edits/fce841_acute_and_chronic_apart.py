"""Acute and chronic apart.

What it checks
    The acute and the chronic form of one condition as two codes where the classification has one code for both (acute_and_chronic.tsv).

Why it matters
    A combination code that says both is the only code; the two parts beside each other count one condition twice.

Fires
    J96.01 and J96.11 (J96.21); I50.21 and I50.22 (I50.23); K81.0 and K81.1 (K81.2).

Passes
    J96.21 alone; J20.9 and J42, which have no code for both; I50.21 and I50.32, which are two types.

Source
    ICD-10-CM Official Guidelines FY2026, I.B.8 and I.B.9; acute_and_chronic.tsv names the source of each row
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Severity

ID = "FCE-841"
NAME = "acute-and-chronic-apart"
SEVERITY = Severity.ADVISORY


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each pair."""
    for acute, chronic, both in _rows():
        if acute in case.known and chronic in case.known:
            yield Fault((acute, chronic), f"{acute} and {chronic} have one code for acute and chronic together; code {both} for the two.")


@cache
def _rows() -> tuple[tuple[str, str, str], ...]:
    return tuple((row["acute"], row["chronic"], row["both"]) for row in read_table("acute_and_chronic.tsv"))
