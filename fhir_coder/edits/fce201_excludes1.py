"""Excludes1.

What it checks
        Two codes that an Excludes1 note parts: on either code, its category, section or chapter; single codes, ranges and prose with a
    pattern.

Why it matters
        Excludes1 means that the two conditions cannot be coded together; payers deny the pair.

Fires
        E10.9 with E11.9; I10 with O10.011; R51.9 with G43.909 where the note names it.

Passes
        Pairs under an Excludes2 note, and pairs that the unrelated-conditions exception may cover (those go to FCE-202).

Source
        ICD-10-CM Official Guidelines FY2026, I.A.12.a
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-201"
NAME = "excludes1"
SEVERITY = Severity.BLOCKING


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each pair."""
    for exclusion in case.exclusions:
        if not exclusion.may_be_unrelated:
            yield Fault(exclusion.codes, f"{exclusion.sentence}; keep the one that the documentation supports.")
