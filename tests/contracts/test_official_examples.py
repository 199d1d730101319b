"""HL7's own R4 examples pass the strict reader, survive both formats, and are taken as input of the operations."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_coder.fhir.elements import r4_elements
from fhir_coder.fhir.json_text import parse_json
from fhir_coder.fhir.limits import Limits
from fhir_coder.fhir.structure import check_resource
from fhir_coder.fhir.writer import write_json, write_xml
from fhir_coder.fhir.xml_tree import parse_xml
from fhir_coder.settings import Settings
from tests.contracts.peers import NotInstallable, Resource, install_official_examples
from tests.one_engine import create_app

# Examples that the specification itself publishes without a required element.
FLAWED = {"ImplementationGuide-fhir.json", "ig-r4.json", "Questionnaire-qs1.json"}
DEFINITIONAL = ("SearchParameter-", "ValueSet-", "CodeSystem-", "StructureDefinition-", "ConceptMap-", "Bundle-")


@pytest.fixture(scope="module")
def examples() -> list[Path]:
    try:
        folder = install_official_examples()
    except NotInstallable as reason:
        pytest.skip(f"HL7's examples cannot be had: {reason}")
    return [path for path in sorted(folder.glob("*-*.json")) if path.name not in FLAWED and not path.name.startswith(DEFINITIONAL)]


def test_official_examples_pass_and_survive_both_formats(examples: list[Path]) -> None:
    table, limits = r4_elements(), Limits(max_depth=200)
    assert len(examples) > 500
    for path in examples:
        resource = parse_json(path.read_bytes(), limits)
        check_resource(resource, table)
        assert json.loads(write_json(resource)) == json.loads(path.read_text(encoding="utf-8-sig"))
        check_resource(parse_xml(write_xml(resource), limits, table), table)


@pytest.fixture(scope="module")
def operations(built: None, tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """Our server without an EHR: what is coded comes with the call."""
    database = tmp_path_factory.mktemp("store") / "examples.sqlite"
    values = {"DATA": str(Settings.from_environment().data), "DATABASE_URL": f"sqlite:///{database}", "RATE_LIMIT": ""}
    settings = Settings.from_environment({f"FHIR_CODER_{name}": value for name, value in values.items()}, sandbox=True, builtin_ehr=False)
    return create_app(settings).test_client()


def of_type(examples: list[Path], kind: str) -> Iterator[Resource]:
    """The examples of a type."""
    yield from (json.loads(path.read_text(encoding="utf-8-sig")) for path in examples if path.name.startswith(f"{kind}-"))


def answered(operations: FlaskClient, path: str, **given: Any) -> tuple[int, str]:
    """Status and type of the answer to the resources as parameters of these names."""
    body = {"resourceType": "Parameters", "parameter": [{"name": name, "resource": one} for name, one in given.items()]}
    answer = operations.post(f"/fhir/{path}", data=json.dumps(body), content_type="application/fhir+json")
    return answer.status_code, answer.get_json(force=True)["resourceType"]


def note_about(subject: Resource) -> Resource:
    text = b64encode(b"Assessment: essential hypertension, continue lisinopril.").decode()
    content = [{"attachment": {"contentType": "text/plain", "data": text}}]
    return {"resourceType": "DocumentReference", "status": "current", "subject": subject, "content": content}


def test_official_encounters_are_coded_or_refused_for_what_they_say(examples: list[Path], operations: FlaskClient) -> None:
    """Those that are finished and no inpatient stay are coded."""
    encounters = list(of_type(examples, "Encounter"))
    assert len(encounters) >= 10
    for one in encounters:
        is_codable = one["status"] == "finished" and one["class"]["code"] != "IMP"
        wanted = (200, "Parameters") if is_codable else (422, "OperationOutcome")
        assert answered(operations, "Encounter/$code-encounter", encounter=one, note=note_about(one["subject"])) == wanted, one["id"]


def test_official_documents_are_read_or_told(examples: list[Path], operations: FlaskClient) -> None:
    documents = list(of_type(examples, "DocumentReference"))
    assert documents
    for one in documents:
        visit = {
            "resourceType": "Encounter",
            "id": "visit",
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "subject": one["subject"],
        }
        status, kind = answered(operations, "Encounter/$code-encounter", encounter=visit, note=one)
        assert (status, kind) in {(200, "Parameters"), (422, "OperationOutcome")}, one["id"]


def test_official_claims_are_checked_once_they_name_a_code_of_ours(examples: list[Path], operations: FlaskClient) -> None:
    """Their diagnoses are of other systems, so that there is nothing to check; with one of ICD-10-CM, whatever else stands there is taken."""
    claims = list(of_type(examples, "Claim"))
    assert len(claims) >= 15
    ours = {"sequence": 1, "diagnosisCodeableConcept": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "I10"}]}}
    for one in claims:
        assert answered(operations, "Claim/$check-coding", claim=one) == (422, "OperationOutcome"), one["id"]
        assert answered(operations, "Claim/$check-coding", claim=one | {"diagnosis": [ours]}) == (200, "OperationOutcome"), one["id"]
