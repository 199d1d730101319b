"""HL7's own R4 examples pass the strict reader and survive both formats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fhir_coder.fhir.elements import r4_elements
from fhir_coder.fhir.json_text import parse_json
from fhir_coder.fhir.limits import Limits
from fhir_coder.fhir.structure import check_resource
from fhir_coder.fhir.writer import write_json, write_xml
from fhir_coder.fhir.xml_tree import parse_xml
from tests.contracts.peers import NotInstallable, install_official_examples

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
