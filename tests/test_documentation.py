"""Documentation is complete and true: every setting, subcommand, option, route and code has its place, and no link or path leads nowhere."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from flask import Flask

from fhir_coder.always_review import review_rules
from fhir_coder.api.blueprint import Later, create_api
from fhir_coder.api.cds_hooks import create_cds_hooks
from fhir_coder.api.terminology.service import Terminology
from fhir_coder.cli import COMMANDS, parser
from fhir_coder.edits.registry import all_edits
from fhir_coder.model import RejectionReason, UnreadableNote
from fhir_coder.notes.formats import content_types
from fhir_coder.settings import SETTINGS, Settings
from tests.each import for_each

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def headings(name: str) -> set[str]:
    return {line.lstrip("#").strip() for line in text(name).splitlines() if line.startswith("#")}


def anchors(path: Path) -> set[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {re.sub(r"[^\w -]", "", line.lstrip("#").strip().lower()).replace(" ", "-") for line in lines if line.startswith("#")}


# ---------------------------------------------------------------------------------------------------------------- settings


@for_each("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_has_a_heading(setting) -> None:
    assert setting.variable in headings("settings.md")


def test_no_heading_documents_a_setting_that_is_gone() -> None:
    documented = {heading for heading in headings("settings.md") if heading.startswith("FHIR_CODER_")}
    assert documented == {setting.variable for setting in SETTINGS}


@for_each("setting", [one for one in SETTINGS if one.default], ids=lambda setting: setting.name)
def test_the_default_of_a_setting_is_told(setting) -> None:
    section = text("settings.md").split(f"### {setting.variable}\n")[1].split("\n#")[0]
    assert re.search(rf"(?<![\w.]){re.escape(setting.default)}(?![\w])", section)


@for_each("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_a_setting_that_is_gone(page: Path) -> None:
    named = set(re.findall(r"FHIR_CODER_[A-Z0-9_]+", page.read_text(encoding="utf-8")))
    known = {setting.variable for setting in SETTINGS}
    assert {one for one in named if not one.startswith("FHIR_CODER_TEST_") and one != "FHIR_CODER_"} <= known


# ------------------------------------------------------------------------------------------------------------ command line


def subcommands(of: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    found = [action.choices for action in of._actions if isinstance(action, argparse._SubParsersAction)]
    return cast("dict[str, argparse.ArgumentParser]", dict(found[0])) if found else {}


def options() -> Iterator[Any]:
    for name, command in subcommands(parser()).items():
        for one in (command, *subcommands(command).values()):
            for action in one._actions:
                if action.option_strings and action.dest != "help":
                    yield pytest.param(name, action.option_strings[0], id=f"{name} {action.option_strings[0]}")


def section_of(command: str) -> str:
    return text("command-line.md").split(f"## fhir-coder {command}\n")[1].split("\n## ")[0]


@for_each("command", COMMANDS)
def test_every_subcommand_has_a_heading(command: str) -> None:
    assert f"fhir-coder {command}" in headings("command-line.md")


@for_each("command, option", list(options()))
def test_every_option_stands_under_its_subcommand(command: str, option: str) -> None:
    assert option in section_of(command)


@for_each("command", [name for name, one in subcommands(parser()).items() if subcommands(one)])
def test_every_action_stands_under_its_subcommand(command: str) -> None:
    for action in subcommands(subcommands(parser())[command]):
        assert f"fhir-coder {command} {action}" in section_of(command)


@for_each("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_a_subcommand_that_does_not_exist(page: Path) -> None:
    named = re.findall(r"(?:`|/)fhir-coder ([a-z]+)(?=[ `\n])", page.read_text(encoding="utf-8"))
    assert set(named) <= set(subcommands(parser()))


# ------------------------------------------------------------------------------------------------------------------ server


def routes() -> list[tuple[str, str]]:
    app = Flask("routes", static_folder=None)
    terminology = Terminology(cast("Any", None), cast("Any", None))
    engine, later = cast("Any", SimpleNamespace(readiness=None)), Later(cast("Any", None), lambda: None)
    app.register_blueprint(create_api(engine, Settings.from_environment({}), terminology=terminology, later=later))
    app.register_blueprint(create_cds_hooks(cast("Any", None), "default"))
    rules = {
        (method, rule.rule) for rule in app.url_map.iter_rules() for method in (rule.methods or ()) if method not in {"HEAD", "OPTIONS"}
    }
    return sorted(rules)


@for_each("method, rule", routes())
def test_every_route_is_documented(method: str, rule: str) -> None:
    address = re.sub(r"^(?:/t/<tenant>)?/fhir", "[base]", rule.rstrip("/"))
    address = re.sub(r"^/t/<tenant>(?=/cds-services)", "", address).replace("<service_id>", "[service]")
    address = address.replace("<encounter_id>", "[id]").replace("<definition_id>", "code-encounter")
    address = address.replace("<address>", "[random]")
    assert f"| `{method} {address}` |" in text("operation.md")


def test_both_bases_are_documented() -> None:
    assert {"/fhir" if rule.startswith("/fhir") else "/t/[tenant]/fhir" for _, rule in routes() if "/fhir" in rule} == {
        base for base in ("/fhir", "/t/[tenant]/fhir") if f"`{base}`" in text("operation.md")
    }


@for_each("reason", RejectionReason)
def test_every_rejection_reason_is_documented(reason: RejectionReason) -> None:
    assert f"| `{reason.value}` |" in text("operation.md")


def test_the_always_review_categories_are_documented() -> None:
    row = next(line for line in text("operation.md").splitlines() if line.startswith("| `always-review-[category]` |"))
    documented = row.lower().replace("-", " ")
    assert [rule.category for rule in review_rules() if rule.category.replace("-", " ") not in documented] == []


# ------------------------------------------------------------------------------------------------------------------- notes


@for_each("content_type", content_types())
def test_every_content_type_is_documented(content_type: str) -> None:
    assert f"`{content_type}`" in text("notes.md").split("## What is kept")[0]


def test_every_reason_of_an_unreadable_note_is_documented() -> None:
    documented = set(re.findall(r"^\| `([a-z-]+)` \|", text("notes.md"), re.MULTILINE))
    assert documented == set(re.findall(r"``([a-z]+(?:-[a-z]+)*)``", UnreadableNote.__doc__ or "")) - {"reason"}


# ------------------------------------------------------------------------------------------------------------------- edits


@for_each("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_an_edit_that_does_not_exist(page: Path) -> None:
    assert set(re.findall(r"FCE-\d{3}", page.read_text(encoding="utf-8"))) <= {edit.id for edit in all_edits()}


# ------------------------------------------------------------------------------------------------------------------- pages


@for_each("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#][^)]*)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            assert (page.parent / path).is_file(), target
            assert not anchor or anchor in anchors(page.parent / path), target


@for_each("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_named_exists(page: Path) -> None:
    named = re.findall(
        r"`((?:fhir_coder|index|terminology|tests|corpus|docs|benchmarks|conformance)/[^`\s]*)`", page.read_text(encoding="utf-8")
    )
    for name in named:
        if "<" not in name:
            assert list(ROOT.glob(name.rstrip("/"))), name


@for_each("page", PAGES, ids=lambda page: page.name)
def test_no_page_has_a_gap_to_be_filled(page: Path) -> None:
    assert re.findall(r"\{[A-Z_]+\}|\bTODO\b|\bTBD\b", page.read_text(encoding="utf-8")) == []


def test_every_page_is_reached_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in sorted(DOCS.glob("*.md")) if f"(docs/{path.name})" not in readme] == []


# ------------------------------------------------------------------------------------------------------------------- soak runs


def test_every_file_with_a_soak_test_is_in_the_table_of_soak_runs() -> None:
    told = text("soak.md").partition("## Results")[0]
    marked = [
        path for path in sorted((ROOT / "tests").rglob("test_*.py")) if re.search(r"\bmark\.soak\b", path.read_text(encoding="utf-8"))
    ]
    assert len(marked) > 5
    assert [path.name for path in marked if path.name not in told] == []
