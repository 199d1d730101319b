"""The OperationDefinition of ``$check-coding``, made of the table in :mod:`fhir_coder.api.check_parameters`."""

from __future__ import annotations

from fhir_coder import __version__
from fhir_coder.api.check_parameters import CHECK_IN, CHECK_OPERATION, CHECK_OUT
from fhir_coder.api.definition import describe_parameter
from fhir_coder.exchange import Resource
from fhir_coder.vocabulary import CANONICAL

CHECK_DEFINITION_URL = f"{CANONICAL}/OperationDefinition/{CHECK_OPERATION}"
CHECK_DEFINITION_DATE = "2026-11-26"
"""When the definition last changed."""


def build_check_definition() -> Resource:
    """The definition as served. ``affectsState`` is false, as nothing is kept; it answers to POST alone, since its parameters are resources
    (http://hl7.org/fhir/R4/operationdefinition-definitions.html#OperationDefinition.affectsState)."""
    return {
        "resourceType": "OperationDefinition",
        "id": CHECK_OPERATION,
        "url": CHECK_DEFINITION_URL,
        "version": __version__,
        "name": "CheckCoding",
        "title": "Check the diagnosis codes of a claim",
        "status": "active",
        "kind": "operation",
        "date": CHECK_DEFINITION_DATE,
        "publisher": "fhir-coder",
        "description": (
            "Runs the compliance edits that need no note on the ICD-10-CM codes of a Claim, or of Conditions in claim order, whoever assigned "
            "them. Nothing is fetched, changed or kept."
        ),
        "affectsState": False,
        "code": CHECK_OPERATION,
        "resource": ["Claim"],
        "system": False,
        "type": True,
        "instance": False,
        "parameter": [describe_parameter(one, "in") for one in CHECK_IN] + [describe_parameter(one, "out") for one in CHECK_OUT],
    }
