"""``SECURITY.md`` names only what is there: files, tests, settings, commands with their options, sections; and it leaves no section of the rule out."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from fhir_coder.cli import parser
from fhir_coder.settings import SETTINGS
from tests.test_documentation import anchors, subcommands

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
FENCES = re.findall(r"^ *```\n(.*?)^ *```$", TEXT, re.DOTALL | re.MULTILINE)
SPANS = re.findall(r"`([^`\n]+)`", re.sub(r"^ *```.*?^ *```$", "", TEXT, flags=re.DOTALL | re.MULTILINE))


def dead_files(spans: list[str]) -> Iterator[str]:
    """Paths, and tests as ``path::name``, that are not there."""
    for span in spans:
        path, _, test = span.partition("::")
        if re.fullmatch(r"(?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:md|lock|toml|cfg)", path):
            found = ROOT / path
            names = (
                {node.name for node in ast.parse(found.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)}
                if test and found.is_file()
                else set()
            )
            if not found.exists() or (test and test not in names):
                yield span


def dead_commands(lines: list[str]) -> list[str]:
    """Command lines, or beginnings of them, that the command line does not know."""
    return [line for line in lines if line.startswith("fhir-coder ") and not is_known(shlex.split(line)[1:])]


def is_known(words: list[str]) -> bool:
    """Whether the words name a subcommand, its action where it has any, and options that it has; other words are values."""
    at, options = parser(), set()
    for word in words:
        deeper = subcommands(at).get(word)
        if deeper is not None:
            at = deeper
        elif word.startswith("--"):
            options.add(word.split("=")[0])
        elif subcommands(at):
            return False
    return at.prog != parser().prog and options <= {name for action in at._actions for name in action.option_strings}


def test_every_file_and_test_that_is_named_is_there() -> None:
    assert list(dead_files(SPANS)) == []
    assert len([span for span in SPANS if "::" in span]) > 20


def test_every_setting_that_is_named_is_one() -> None:
    assert set(re.findall(r"FHIR_CODER_\w+", TEXT)) <= {setting.variable for setting in SETTINGS}


def test_every_command_that_is_named_is_one() -> None:
    lines = [line.strip() for fence in FENCES for line in fence.splitlines()]
    assert dead_commands([*lines, *SPANS]) == []
    assert [line for line in lines if line.startswith("fhir-coder")]


@pytest.mark.parametrize(
    "span",
    ["fhir_coder/nothing.py", "tests/test_pins.py::test_nothing", "tests/test_nothing.py::test_x", "fhir_coder/nothing/", "nothing.lock"],
)
def test_a_dead_name_would_be_found(span: str) -> None:
    assert list(dead_files([span])) == [span]


@pytest.mark.parametrize(
    "line", ["fhir-coder nothing", "fhir-coder keys nothing", "fhir-coder trail e1 --nothing", "fhir-coder keys new --tenant x"]
)
def test_a_dead_command_would_be_found(line: str) -> None:
    assert dead_commands([line]) == [line]


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        path, _, anchor = target.partition("#")
        page = ROOT / path if path else ROOT / "SECURITY.md"
        assert page.is_file(), target
        assert not anchor or anchor in anchors(page), target


@pytest.mark.parametrize("section", ["308", "310", "312", "314", "316", "502", "504", "508", "514", "522", "524", "526", "528"])
def test_the_matrix_has_every_section_of_the_rule(section: str) -> None:
    matrix = TEXT.split("## HIPAA responsibility matrix")[1].split("\n## ")[0]
    assert re.search(rf"^\| .*164\.{section}", matrix, re.MULTILINE)


def test_each_line_of_the_matrix_is_somebodys() -> None:
    matrix = TEXT.split("## HIPAA responsibility matrix")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in matrix.splitlines() if line.startswith("| 164.")]
    assert len(rows) >= 30
    assert {row[2].strip() for row in rows} == {"product", "operator", "shared"}
    assert [row[0] for row in rows if not row[3].strip()] == []


@pytest.mark.parametrize(
    "word", ["164.404", "164.406", "164.408(b)", "164.408(c)", "164.410", "60 days", "500", "without unreasonable delay"]
)
def test_the_runbook_has_the_times_of_the_rule(word: str) -> None:
    assert word in TEXT.split("## Breach runbook")[1]


def test_every_threat_says_what_is_left() -> None:
    rows = [line for line in TEXT.split("## Threats")[1].split("\n## ")[0].splitlines() if re.match(r"\| [STRIDE, ]+ \|", line)]
    assert len(rows) > 25
    assert {len(row.strip().strip("|").split("|")) for row in rows} == {5}
    assert {letter for row in rows for letter in re.findall(r"[STRIDE]", row.split("|")[1])} == set("STRIDE")
