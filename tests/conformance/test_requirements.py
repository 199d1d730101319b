"""The list of requirements and the checks agree, and the kit needs nothing of the server."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import conformance
from conformance.check import all_checks, meaning
from conformance.reports.html import GROUPS
from conformance.requirement import COLUMNS, Level, binding, read_requirements

HERE = Path(conformance.__file__).parent
APART = ("ig", "simulator")
"""Commands beside the kit that are made of the product: the package of definitions, and the EHR that testers run."""


def test_there_are_enough_and_each_says_where_it_comes_from() -> None:
    requirements = read_requirements()
    assert len(requirements) >= 150
    assert all(one.source and one.text.endswith(".") for one in requirements)
    assert len({one.id for one in requirements}) == len(requirements)
    assert len({one.text for one in requirements}) == len(requirements)


def test_each_is_tried_or_says_why_not() -> None:
    assert [one.id for one in read_requirements() if bool(one.checks) is bool(one.untested)] == []


def test_every_check_belongs_to_a_requirement_and_exists() -> None:
    named = {name for one in read_requirements() for name in one.checks}
    assert named == set(all_checks())


def test_every_group_has_a_name_and_stands_together() -> None:
    groups = [one.id.partition("-")[0] for one in read_requirements()]
    assert set(groups) <= set(GROUPS)
    begun = [group for place, group in enumerate(groups) if place == 0 or groups[place - 1] != group]
    assert len(begun) == len(set(begun))


def test_every_check_says_what_the_rule_is() -> None:
    assert [name for name, check in all_checks().items() if not meaning(check).endswith((".", ")"))] == []


def test_a_level_takes_what_binds_more() -> None:
    requirements = read_requirements()
    counts = [len(binding(requirements, level)) for level in Level]
    assert counts == sorted(counts) and counts[0] > 0 and counts[-1] == len(requirements)


def test_a_file_of_another_shape_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "requirements.csv"
    file.write_text("id,text\nA-1,x\n", encoding="utf-8")
    with pytest.raises(ValueError, match="columns"):
        read_requirements(file)
    file.write_text(",".join(COLUMNS) + "\nA-1,here,MUST,x.,,y\n", encoding="utf-8")
    with pytest.raises(ValueError, match="MUST"):
        read_requirements(file)


def imported(path: Path) -> set[str]:
    """The packages that a file imports."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return {name.split(".")[0] for name in names | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}}


def test_the_kit_imports_nothing_of_the_server() -> None:
    files = [path for path in HERE.rglob("*.py") if path.relative_to(HERE).parts[0] not in APART]
    assert len(files) > 20
    assert {path.name for path in files if imported(path) & {"fhir_coder", "terminology", "index", "flask", "tests"}} == set()
