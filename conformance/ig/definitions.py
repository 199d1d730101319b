"""The operations and the CapabilityStatement exactly as the server serves them."""

from __future__ import annotations

from fhir_coder import __version__
from fhir_coder.api.capability import build_capability
from fhir_coder.api.check_definition import build_check_definition
from fhir_coder.api.definition import build_definition
from fhir_coder.api.terminology.capabilities import operations_of_types
from fhir_coder.exchange import Resource
from fhir_coder.vocabulary import CANONICAL

CAPABILITY = "server"
_CAPABILITY_URL = f"{CANONICAL}/CapabilityStatement/{CAPABILITY}"


def served_definitions() -> tuple[Resource, ...]:
    """Two OperationDefinitions and the CapabilityStatement."""
    return build_definition(), build_check_definition(), capability()


def capability() -> Resource:
    """What ``GET [base]/metadata`` says without an address: a capability of the software, not of one instance of it (``kind`` and invariants cpb-14
    and cpb-15, http://hl7.org/fhir/R4/capabilitystatement.html)."""
    served = build_capability(CANONICAL, code_set=operations_of_types())
    described = served["implementation"]["description"]
    identity = {
        "id": CAPABILITY,
        "url": _CAPABILITY_URL,
        "version": __version__,
        "name": "FhirCoderServer",
        "title": "fhir-coder",
        "description": f"{described}. Where a tenant has an authorization server, [base]/metadata adds how callers prove themselves.",
        "kind": "capability",
    }
    return {key: value for key, value in served.items() if key != "implementation"} | identity
