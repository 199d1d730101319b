"""Signed encounters for tests of billing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from fhir_coder.billing.signed import BilledPatient, Diagnosis, Provider, ServiceLine, SignedEncounter

MADE_AT = datetime(2026, 5, 2, 9, 0, tzinfo=UTC)
FAMILY = "Zwiebelkuchen"
SIGNED = SignedEncounter(
    tenant="north",
    review="r1",
    coding="c0ffee",
    version=1,
    encounter="Encounter/e1",
    patient=BilledPatient("Patient/p1", "MRN-77", "North", FAMILY, "Ada", date(1980, 6, 2), "F"),
    service_date=date(2026, 5, 1),
    provider=Provider("1234567893", "Osler", "William", is_npi=True),
    release="2026-04-01",
    signed_by="Practitioner/coder",
    signed_at=datetime(2026, 5, 2, 8, 30, tzinfo=UTC),
    diagnoses=(Diagnosis("E11.22", "Type 2 diabetes mellitus with diabetic chronic kidney disease"), Diagnosis("N18.31"), Diagnosis("I10")),
    lines=(ServiceLine("99214", modifiers=("25", "GT"), pointers=(1, 2)), ServiceLine("G0108", "HCPCS", units="2", pointers=(1,))),
)


def version(number: int, **members: Any) -> SignedEncounter:
    """The same encounter, signed again."""
    return replace(SIGNED, version=number, **members)
