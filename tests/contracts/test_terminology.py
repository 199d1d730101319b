"""The terminology operations against others' software: HL7's own definitions, and validators on every kind of answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from fhir_coder.api.blueprint import create_api, install_error_handlers
from fhir_coder.api.terminology.definitions import DEFINITIONS, Definition
from fhir_coder.api.terminology.properties import PROPERTIES
from fhir_coder.api.terminology.service import Terminology
from fhir_coder.settings import Settings
from terminology.release import Catalogue
from tests.api.conftest import SmallEngine
from tests.contracts.peers import NotInstallable, Resource, install_official_examples, validation_errors
from tests.contracts.validity import schema_faults, written

ICD = "http://hl7.org/fhir/sid/icd-10-cm"
WHOLE = f"{ICD}?fhir_vs"
ASKED: list[tuple[str, dict[str, str]]] = [
    *(("CodeSystem/$lookup", {"system": ICD, "code": code}) for code in ("E11", "E11.22", "S52.501A", "W21.89", "C50.911")),
    ("CodeSystem/$lookup", {"system": ICD, "code": "E11.22", "property": "url"}),
    ("CodeSystem/$lookup", {"system": ICD, "code": "E1122"}),
    ("CodeSystem/$lookup", {"system": ICD, "code": "I10", "displayLanguage": "de"}),
    *(("CodeSystem/$validate-code", {"url": ICD, "code": code}) for code in ("E11", "E11.22", "E1122", "nothing")),
    ("ValueSet/$expand", {"url": WHOLE, "count": "0"}),
    ("ValueSet/$expand", {"url": WHOLE, "filter": "fracture", "count": "20", "offset": "5", "excludeNotForUI": "true"}),
    ("ValueSet/$expand", {"url": f"{WHOLE}=isa/E11.2", "includeDefinition": "true", "date": "2026-05-05", "displayLanguage": "en"}),
    ("ValueSet/$expand", {"url": f"{WHOLE}=isa/E11", "system-version": f"{ICD}|2026-04-01", "designation": "en", "activeOnly": "true"}),
    ("ValueSet/$expand", {"url": WHOLE}),
    ("ValueSet/$expand", {"url": "http://loinc.org/vs"}),
    ("metadata", {}),
    ("metadata", {"mode": "terminology"}),
]


@pytest.fixture(scope="module")
def client(catalogue: Catalogue) -> FlaskClient:
    app = Flask("test", static_folder=None)
    terminology = Terminology(catalogue, lambda: datetime(2026, 5, 5, tzinfo=UTC))
    app.register_blueprint(create_api(SmallEngine(), Settings.from_environment({}), terminology=terminology))
    install_error_handlers(app)
    return app.test_client()


@pytest.fixture(scope="module")
def official() -> Path:
    try:
        return install_official_examples()
    except NotInstallable as reason:
        pytest.skip(f"HL7's examples cannot be had: {reason}")


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition.code)
def test_parameters_are_those_of_the_official_definition(official: Path, definition: Definition) -> None:
    published = json.loads((official / f"OperationDefinition-{definition.resource}-{definition.code}.json").read_text(encoding="utf-8"))
    assert (published["url"], published["code"], published["resource"]) == (definition.url, definition.code, [definition.resource])
    described = [(one["name"], one["min"], one["max"], one["type"]) for one in published["parameter"] if one["use"] == "in"]
    assert [(one.name, one.minimum, one.maximum, one.type) for one in definition.parameters] == described
    assert published["type"] and set(definition.refused) <= {name for name, *_ in described}


def test_names_of_official_concept_properties_are_used_as_they_are_meant(official: Path) -> None:
    published = json.loads((official / "CodeSystem-concept-properties.json").read_text(encoding="utf-8"))
    defined = {one["code"] for one in published["concept"]}
    ours = {one.code: one.type for one in PROPERTIES}
    assert {name: ours[name] for name in ours if name in defined} == {
        "parent": "code",
        "child": "code",
        "inactive": "boolean",
        "notSelectable": "boolean",
    }


def test_every_answer_is_valid_by_two_validators_and_the_schema(client: FlaskClient, peers: Path, tmp_path: Path) -> None:
    answers: list[Resource] = [json.loads(client.get(f"/fhir/{path}", query_string=asked).data) for path, asked in ASKED]
    kinds = {one["resourceType"] for one in answers}
    assert kinds == {"Parameters", "ValueSet", "OperationOutcome", "CapabilityStatement", "TerminologyCapabilities"}
    assert validation_errors(peers, written(answers, tmp_path)) == []
    assert [fault for one in answers for fault in schema_faults(peers, one)] == []
