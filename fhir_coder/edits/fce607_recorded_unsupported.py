"""Recorded unsupported.

What it checks
        A diagnosis that the EHR holds for this encounter and that no assigned code accounts for.

Why it matters
        Either the notes lack what the clinician recorded, or the engine missed it; both are the reviewer's to see.

Fires
        A recorded J45.909 when no note speaks of asthma; a recorded E11.42 when the notes support E11.9 only.

Passes
        A recorded code that is assigned; a recorded E11.9 beside an assigned E11.42; what this software proposed earlier.

Source
        ICD-10-CM Official Guidelines FY2026, IV.J (code documented conditions that coexist) and I.A.19 (the provider's statement)
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Agreement, Severity
from fhir_coder.reconciliation import reconcile

ID = "FCE-607"
NAME = "recorded-unsupported"
SEVERITY = Severity.ADVISORY
NEEDS = "note"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such diagnosis."""
    for line in reconcile(case.encounter.recorded, case.known, case.codebook) if case.encounter else ():
        if line.agreement is Agreement.UNSUPPORTED and line.recorded:
            where = f" ({line.recorded.reference})" if line.recorded.reference else ""
            yield Fault((), f"The EHR holds {line.recorded.code}{where} for this encounter, and no assigned code accounts for it.")
