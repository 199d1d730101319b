"""The CapabilityStatement of this server: operations on Encounter and Claim, their definitions, those on the code set, and nothing it does not have."""

from __future__ import annotations

from collections.abc import Sequence

from fhir_coder import __version__
from fhir_coder.api.check_definition import CHECK_DEFINITION_DATE, CHECK_DEFINITION_URL
from fhir_coder.api.check_parameters import CHECK_OPERATION
from fhir_coder.api.definition import DEFINITION_DATE, DEFINITION_URL
from fhir_coder.api.media import SHORT_NAMES, Format
from fhir_coder.api.parameters import OPERATION
from fhir_coder.api.terminology.definitions import TERMINOLOGY_DATE
from fhir_coder.exchange import Resource
from fhir_coder.fhir.elements import r4_elements


def build_capability(base_url: str, security: Resource | None = None, code_set: Sequence[Resource] = ()) -> Resource:
    """The statement of the server instance at ``base_url`` (absolute); ``security`` is how callers prove themselves, where they must, ``code_set``
    the types with operations on the code set."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": max(DEFINITION_DATE, CHECK_DEFINITION_DATE, TERMINOLOGY_DATE),
        "publisher": "fhir-coder",
        "kind": "instance",
        "software": {"name": "fhir-coder", "version": __version__},
        "implementation": {"description": "ICD-10-CM coding of outpatient encounters", "url": base_url},
        "fhirVersion": r4_elements().version,
        "format": [*(form.value for form in Format), *SHORT_NAMES],
        "rest": [
            {
                "mode": "server",
                "documentation": "Operations on Encounter and Claim, of which neither is stored here, and on the code set. Prefer: handling=strict|lenient is honored, and Prefer: respond-async on $code-encounter where the server can keep what is asked.",
                **({"security": security} if security else {}),
                "resource": [
                    {"type": "Encounter", "operation": [{"name": OPERATION, "definition": DEFINITION_URL}]},
                    {"type": "Claim", "operation": [{"name": CHECK_OPERATION, "definition": CHECK_DEFINITION_URL}]},
                    {"type": "OperationDefinition", "interaction": [{"code": "read"}]},
                    *code_set,
                ],
            }
        ],
    }
