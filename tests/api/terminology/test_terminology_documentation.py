"""docs/terminology.md has the parameters, properties and bounds that there are, and its examples run as written."""

from __future__ import annotations

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_coder.api.terminology.definitions import EXPAND, LOOKUP, VALIDATE, Definition
from fhir_coder.api.terminology.expansion import LONGEST_FILTER, MOST_CODES
from fhir_coder.api.terminology.properties import PROPERTIES
from fhir_coder.api.terminology.service import MOST_BYTES
from fhir_coder.api.terminology.validation import MOST_CODINGS
from tests.api.conftest import resource_of

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "terminology.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8080"
COMMANDS = [
    shlex.split(command)
    for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    for command in re.split(r"\n(?=curl )", block.replace("\\\n", " "))
]


def rows(heading: str) -> list[list[str]]:
    """The cells of the last table below a heading, without its two head lines."""
    section = re.split(r"\n#+ ", TEXT.split(f"\n{heading}\n")[1])[0]
    lines = [
        line for line in section.split("| Name |" if "| Name |" in section else "| Property |")[1].splitlines() if line.startswith("|")
    ]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in lines[1:]]


@pytest.mark.parametrize(("heading", "definition"), [("## $lookup", LOOKUP), ("## $validate-code", VALIDATE), ("## $expand", EXPAND)])
def test_the_tables_of_parameters_are_those_that_calls_are_read_by(heading: str, definition: Definition) -> None:
    found = [(name.strip("`"), cardinality, kind, "Refused (422)" in meaning) for name, cardinality, kind, meaning in rows(heading)]
    assert found == [(one.name, f"{one.minimum}..{one.maximum}", one.type, one.name in definition.refused) for one in definition.parameters]


def test_the_table_of_properties_is_the_one_that_answers_are_made_by() -> None:
    plain = [(name.strip("`"), kind, re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", meaning)) for name, kind, meaning in rows("### Properties")]
    assert plain == [(one.code, one.type, one.meaning) for one in PROPERTIES]


def test_bounds_are_told() -> None:
    for told in (f"**{MOST_CODES}**", f"{LONGEST_FILTER} characters", f"at most {MOST_CODINGS}", f"{MOST_BYTES // 1024} KiB"):
        assert told in TEXT


def run(client: FlaskClient, command: list[str]) -> dict[str, Any]:
    """What the server answers to a command with curl: its address, parameters of the address, headers and body."""
    assert command[0] == "curl"
    given = list(pairwise(command))
    query = [tuple(value.split("=", 1)) for option, value in given if option == "--data-urlencode"]
    headers = dict(value.split(": ", 1) for option, value in given if option == "-H")
    body = next((value for option, value in given if option == "-d"), None)
    (address,) = [word.removeprefix(ADDRESS) for word in command if word.startswith(ADDRESS)]
    assert "-G" in command if query else "-G" not in command
    answer = client.open(
        address, method="POST" if body else "GET", **({"query_string": query} if query else {}), headers=headers, data=body
    )
    assert answer.status_code == 200, answer.data
    return resource_of(answer)


def test_the_examples_run(client: FlaskClient) -> None:
    lookup, validation, filtered, total, page, releases = (run(client, command) for command in COMMANDS)
    assert next(one["part"][1].get("valueCode") for one in lookup["parameter"] if one["name"] == "property") == "E11.2"
    assert validation["parameter"][0] == {"name": "result", "valueBoolean": False}
    assert "E11.22" in validation["parameter"][1]["valueString"]
    assert [one["code"] for one in filtered["expansion"]["contains"]][:2] == ["E11.22", "E11.29"]
    assert (total["expansion"]["total"], len(page["expansion"]["contains"]), page["expansion"]["offset"]) == (98186, 1000, 1000)
    assert "2026-04-01" in json.dumps(releases)
