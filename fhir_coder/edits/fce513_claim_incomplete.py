"""Claim incomplete.

What it checks
        An encounter for which a claim is drafted, without coverage or without a provider.

Why it matters
        A draft claim that says "not supplied" for its payer or provider must not be released.

Fires
        An encounter without Coverage; one with neither practitioner nor organization.

Passes
        An encounter with both; lines of notes on the command line, for which no claim is drafted.

Source
        FHIR R4 Claim.insurance and Claim.provider (1..*, 1..1), https://hl7.org/fhir/R4/claim.html; 45 CFR 162.1102
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-513"
NAME = "claim-incomplete"
SEVERITY = Severity.BLOCKING
NEEDS = "note"


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, on the encounter as a whole."""
    encounter = case.encounter
    if encounter is None or not encounter.is_claimed:
        return
    given = {"coverage": encounter.coverage, "provider": encounter.provider or encounter.organization}
    missing = [name for name, reference in given.items() if not reference]
    if missing:
        yield Fault((), f"The claim lacks {' and '.join(missing)}; supply it before release.")
