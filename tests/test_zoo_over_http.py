"""Documents of the zoo sent inline to the assembled server under their declared types: coded, or sent to review with the reason; never a crash."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_coder.settings import Settings
from tests.notes.zoo_manifest import Exhibit, exhibits
from tests.one_engine import create_app

FHIR = "application/fhir+json"
PARTLY_READ = frozenset({"pdf-scan-and-text.pdf"})
"""Its text is read, and its scanned page is told."""


@pytest.fixture(scope="module")
def client(built: None, tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    store = tmp_path_factory.mktemp("zoo") / "store.sqlite"
    variables = {"FHIR_CODER_DATA": str(Settings.from_environment().data), "FHIR_CODER_DATABASE_URL": f"sqlite:///{store}"}
    variables["FHIR_CODER_RATE_LIMIT"] = ""
    return create_app(Settings.from_environment(variables, sandbox=True, builtin_ehr=False)).test_client()


def request_with(exhibit: Exhibit) -> bytes:
    """A call with that document alone; what has no bytes or no type is sent without."""
    content = {"contentType": exhibit.content_type, "data": base64.b64encode(exhibit.data).decode(), "title": exhibit.name}
    document = {
        "resourceType": "DocumentReference",
        "id": "n1",
        "status": "current",
        "content": [{"attachment": {name: value for name, value in content.items() if value}}],
    }
    encounter = {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "period": {"start": "2026-05-04T09:00:00-05:00"},
    }
    given = [{"name": "encounter", "resource": encounter}, {"name": "note", "resource": document}]
    return json.dumps({"resourceType": "Parameters", "parameter": given}).encode()


def odd(exhibit: Exhibit, status: int, body: dict[str, Any]) -> str:
    """What is wrong with an answer, or empty: a document without text sends the encounter to review and says why, and nothing is coded."""
    if status != 200:
        return f"answered {status}"
    reasons = [one["valueCodeableConcept"] for one in body["parameter"] if one["name"] == "reason"]
    told = {one["coding"][0]["code"]: one["text"] for one in reasons}
    if exhibit.outcome == "text":
        return "told to be unreadable" if "unreadable-note" in told and exhibit.name not in PARTLY_READ else ""
    why = exhibit.outcome if exhibit.data else "no-content"
    is_coded = any(one["name"] == "assignment" for one in body["parameter"])
    return "" if f"({why})" in told.get("unreadable-note", "") and not is_coded else "not told to be unreadable, or coded"


def test_every_document(client: FlaskClient) -> None:
    found = {}
    for exhibit in exhibits():
        answer = client.post("/fhir/Encounter/$code-encounter", data=request_with(exhibit), headers={"Content-Type": FHIR})
        found[exhibit.name] = odd(exhibit, answer.status_code, json.loads(answer.data))
    assert len(found) > 60
    assert {name: why for name, why in found.items() if why} == {}
