"""The CapabilityStatement of the built-in EHR: the types of an outpatient visit and of what is proposed for it."""

from __future__ import annotations

from collections.abc import Mapping

from fhir_coder import __version__
from fhir_coder.exchange import Resource
from fhir_coder.sandbox.parameters import SearchParameter

TYPES = (
    "Binary",
    "ChargeItem",
    "Claim",
    "Condition",
    "Coverage",
    "DiagnosticReport",
    "DocumentReference",
    "Encounter",
    "Organization",
    "Patient",
    "Practitioner",
    "Procedure",
    "Provenance",
    "Task",
)
INTERACTIONS = ("read", "vread", "update", "delete", "create", "search-type")


def capability_statement(base_url: str, parameters: Mapping[str, SearchParameter]) -> Resource:
    """What the routes of :mod:`fhir_coder.sandbox.app` do."""
    resources = [
        {
            "type": kind,
            "interaction": [{"code": code} for code in INTERACTIONS],
            "versioning": "versioned-update",
            "updateCreate": True,
            "conditionalCreate": True,
            "searchParam": [{"name": one.name, "type": one.kind} for one in parameters.values() if one.is_for(kind)],
        }
        for kind in TYPES
    ]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-04-01",
        "kind": "instance",
        "software": {"name": "fhir-coder sandbox", "version": __version__},
        "implementation": {"description": "Built-in EHR with synthetic encounters", "url": base_url},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [{"mode": "server", "resource": resources, "interaction": [{"code": "transaction"}]}],
    }
