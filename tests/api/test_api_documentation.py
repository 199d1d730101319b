"""docs/operation.md names every parameter with its cardinality, and its examples are requests that work."""

import json
import re
from pathlib import Path

import pytest

from fhir_coder.api.parameters import IN, OUT
from fhir_coder.errors import FhirCoderError
from tests.api.conftest import post

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "operation.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("parameter", [*IN, *OUT], ids=lambda parameter: parameter.name)
def test_every_parameter_is_documented(parameter):
    assert f"| `{parameter.name}` | {parameter.minimum}..{parameter.maximum} |" in TEXT
    for part in parameter.parts:
        assert f"`{part.name}`" in TEXT


def error_classes(root: type[FhirCoderError]) -> list[type[FhirCoderError]]:
    return [root, *(one for child in root.__subclasses__() for one in error_classes(child))]


@pytest.mark.parametrize(
    "error", [one for one in error_classes(FhirCoderError) if not one.__subclasses__()], ids=lambda error: error.__name__
)
def test_every_error_is_documented(error):
    rows = [row.split("|") for row in TEXT.splitlines() if row.startswith(f"| {error.status} |")]
    assert any(error.issue in row[2] for row in rows)


def test_the_bodies_of_the_examples_are_accepted(client):
    bodies = [body for body in re.findall(r"-d '(\{.*?\})'", TEXT, re.DOTALL) if json.loads(body)]
    assert len(bodies) == 2
    for body, url in zip(bodies, ("/fhir/Encounter/e1/$code-encounter", "/fhir/Encounter/$code-encounter"), strict=True):
        assert post(client, url, body.encode()).status_code == 200
