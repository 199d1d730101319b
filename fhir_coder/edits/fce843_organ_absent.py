"""Organ absent.

What it checks
    The acquired absence of an organ beside a condition that needs the organ (organ_absent.tsv).

Why it matters
    One of the two is wrong: a condition copied from before the operation, or an operation of another extent.

Fires
    Z90.710 beside N92.0; Z90.722 beside N83.201.

Passes
    Z90.710 beside N95.1; Z90.710 beside C54.1 (a cancer is coded while it is treated); Z90.711 beside N87.0 (the cervix is left).

Source
    ICD-10-CM Official Guidelines FY2026, I.C.21.c.3 (status) and IV.J; organ_absent.tsv names the source of each row
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.pairs import pairs
from fhir_coder.model import Severity

ID = "FCE-843"
NAME = "organ-absent"
SEVERITY = Severity.ADVISORY


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each absence that a condition speaks against."""
    for absence, condition, _ in pairs(case, "organ_absent.tsv"):
        yield Fault(
            (absence, condition),
            f"{absence} says that the organ is gone, and {condition} needs it; check the history and keep the one that holds.",
        )
