"""Calling our operation as an EHR does, and looking at what the EHR then holds."""

from __future__ import annotations

import json

from flask.testing import FlaskClient

from tests.contracts.peers import FhirServer, Resource

WRITTEN = ("Condition", "Claim", "Task", "Provenance")


def code_encounter(client: FlaskClient, encounter: str, base: str = "/fhir") -> tuple[int, Resource]:
    """The operation with write-back and the notes' text; status and body."""
    parameter = [{"name": name, "valueBoolean": True} for name in ("writeBack", "includeText")]
    body = json.dumps({"resourceType": "Parameters", "parameter": parameter})
    answer = client.post(f"{base}/Encounter/{encounter}/$code-encounter", data=body, content_type="application/fhir+json")
    assert answer.content_type.startswith("application/fhir+json")
    return answer.status_code, answer.get_json(force=True)


def held(ehr: FhirServer) -> dict[str, list[Resource]]:
    """What the EHR holds of the types that we write."""
    return {kind: ehr.all_of(kind) for kind in WRITTEN}
