"""docs/operation.md has the parameters that there are, and its examples are requests that work."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from fhir_coder.api.parameters import IN, OUT, Parameter
from fhir_coder.errors import FhirCoderError
from tests.api.conftest import post

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "operation.md").read_text(encoding="utf-8")


EVIDENCE = "".join(re.findall(r"`evidence` has the parts ([^.]*)\.", TEXT))


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without its two head lines."""
    lines = [line for line in TEXT.split(f"\n{heading}\n")[1].split("\n#")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def described_parts(sentence: str) -> list[tuple[str, str, str]]:
    """Name, cardinality and type of the parts in a sentence: those with a parenthesis that begins with a type or a cardinality."""
    found = []
    for name, said in re.findall(r"`(\w+)` \(([^)]*)\)", sentence):
        (cardinality,) = re.findall(r"\d\.\.[\d*]", said) or ["1..1"]
        found.append((name, cardinality, "parts" if said[0].isdigit() else re.split(r"[ ,;]", said)[0]))
    return found


def declared(parameters: Iterable[Parameter]) -> list[tuple[str, str, str]]:
    return [(one.name, f"{one.minimum}..{one.maximum}", one.type or "parts") for one in parameters]


@pytest.mark.parametrize(("heading", "table"), [("## Parameters in", IN), ("## Parameters out", OUT)], ids=["in", "out"])
def test_the_tables_of_parameters_are_those_of_the_definition(heading, table):
    assert [(name.strip("`"), cardinality, kind) for name, cardinality, kind, _ in rows(heading)] == declared(table)


@pytest.mark.parametrize("parameter", [one for one in OUT if one.parts], ids=lambda parameter: parameter.name)
def test_the_parts_of_a_parameter_are_those_of_the_definition(parameter):
    meaning = next(row[3] for row in rows("## Parameters out") if row[0] == f"`{parameter.name}`")
    assert described_parts(meaning) == declared(parameter.parts)
    for part in parameter.parts:
        if part.name == "evidence":
            assert described_parts(EVIDENCE) == declared(part.parts)


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
