"""Documentation is complete: every setting, subcommand and operation parameter has its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from fhir_coder.cli import COMMANDS
from fhir_coder.settings import SETTINGS

DOCS = Path(__file__).resolve().parents[1] / "docs"


def headings(name: str) -> set[str]:
    return {line.lstrip("#").strip() for line in (DOCS / name).read_text(encoding="utf-8").splitlines() if line.startswith("#")}


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_has_a_heading(setting) -> None:
    assert setting.variable in headings("settings.md")


def test_no_heading_documents_a_setting_that_is_gone() -> None:
    documented = {heading for heading in headings("settings.md") if heading.startswith("FHIR_CODER_")}
    assert documented == {setting.variable for setting in SETTINGS}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__.rsplit(".", 1)[1])
def test_every_subcommand_has_a_heading(command) -> None:
    assert f"fhir-coder {command.__name__.rsplit('.', 1)[1]}" in headings("command-line.md")
