"""The OperationDefinition of ``$code-encounter``, made of the table in :mod:`fhir_coder.api.parameters`."""

from __future__ import annotations

from fhir_coder import __version__
from fhir_coder.api.parameters import IN, OPERATION, OUT, Parameter
from fhir_coder.exchange import Resource
from fhir_coder.vocabulary import CANONICAL

DEFINITION_URL = f"{CANONICAL}/OperationDefinition/{OPERATION}"
DEFINITION_DATE = "2026-11-27T13:15:00Z"
"""When the definition last changed."""


def build_definition() -> Resource:
    """The definition as served; ``affectsState`` is true, so the operation answers to POST only."""
    return {
        "resourceType": "OperationDefinition",
        "id": OPERATION,
        "url": DEFINITION_URL,
        "version": __version__,
        "name": "CodeEncounter",
        "title": "Code an outpatient encounter",
        "status": "active",
        "kind": "operation",
        "date": DEFINITION_DATE,
        "publisher": "fhir-coder",
        "description": (
            "Reads the notes of an outpatient encounter, assigns ICD-10-CM codes with evidence, runs compliance edits, decides whether the "
            "encounter passes or goes to review, and proposes Conditions and a draft Claim, written to the EHR on request."
        ),
        "affectsState": True,
        "code": OPERATION,
        "resource": ["Encounter"],
        "system": False,
        "type": True,
        "instance": True,
        "parameter": [describe_parameter(one, "in") for one in IN] + [describe_parameter(one, "out") for one in OUT],
    }


def describe_parameter(parameter: Parameter, use: str) -> Resource:
    """One entry of OperationDefinition.parameter; ``use`` is in or out."""
    described: Resource = {
        "name": parameter.name,
        "use": use,
        "min": parameter.minimum,
        "max": parameter.maximum,
        "documentation": parameter.documentation,
    }
    if parameter.type:
        described["type"] = parameter.type
    if parameter.target_profile:
        described["targetProfile"] = [parameter.target_profile]
    if parameter.bound_to:
        described["binding"] = {"strength": parameter.strength, "valueSet": parameter.bound_to}
    if parameter.parts:
        described["part"] = [describe_parameter(part, use) for part in parameter.parts]
    return described
