"""Identity conflict.

What it checks
        Resources of one encounter that disagree about whom or what they concern.

Why it matters
        Coding another patient's note is a breach and a false claim.

Fires
        A note whose subject is another patient than the encounter's.

Passes
        Resources that agree.

Source
        FHIR R4 DocumentReference.subject and context.encounter, https://hl7.org/fhir/R4/documentreference.html; 45 CFR 164.312(c)
    (integrity)
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-603"
NAME = "identity-conflict"
SEVERITY = Severity.BLOCKING
NEEDS = "note"
IS_ABOUT_CODES = False


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each conflict."""
    for conflict in case.encounter.conflicts if case.encounter else ():
        yield Fault((), f"Identities conflict: {conflict}.")
