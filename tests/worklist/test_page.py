"""The page on reviews names every act, state and reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fhir_coder.worklist.decision import Act
from fhir_coder.worklist.reasons import reasons
from fhir_coder.worklist.review import State

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "worklist.md").read_text(encoding="utf-8")


def table(heading: str) -> dict[str, str]:
    """The rows of the table below a heading, by their first word."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `([\w-]+)` \| (.*) \|$", section, re.MULTILINE))


@pytest.mark.parametrize(("heading", "words"), [("Decisions, and what follows from them", Act), ("States", State)])
def test_each_word_has_its_row(heading: str, words: type[Act | State]) -> None:
    assert list(table(heading)) == [one.value for one in words]


def test_the_reasons_are_those_of_the_table() -> None:
    assert {act: re.findall(r"`([\w-]+)`", row) for act, row in table("Reasons").items()} == {
        act: list(of) for act, of in reasons().items()
    }
