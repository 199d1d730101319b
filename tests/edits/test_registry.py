"""Edits describe themselves: headings, unique ids and names, a source, and a place in the documentation."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

import fhir_coder.edits
from fhir_coder.edits.registry import HEADINGS, NEEDS, Edit, all_edits, edits_table, parse_documentation, read_edit, require_known
from fhir_coder.errors import ConfigurationError
from fhir_coder.model import Severity
from tests.each import for_each

PACKAGE = Path(fhir_coder.edits.__file__).parent
DOCS = Path(__file__).resolve().parents[2] / "docs" / "edits.md"
_PARAGRAPH = re.compile(r"Guidelines FY\d{4}, (?:(?:I{1,3}|IV)\.[A-Z](?:\.\d+(?:\.[a-z])?)?|title page)\b")


def test_every_file_that_looks_like_an_edit_is_one() -> None:
    files = {path.stem for path in PACKAGE.glob("fce*.py")}
    assert {f"fce{edit.id[4:]}_{edit.name.replace('-', '_')}" for edit in all_edits()} == files


def test_ids_and_names_are_unique_and_ordered() -> None:
    ids = [edit.id for edit in all_edits()]
    assert ids == sorted(set(ids))
    assert len({edit.name for edit in all_edits()}) == len(ids)


@for_each("edit", all_edits(), ids=lambda edit: edit.id)
def test_an_edit_documents_itself(edit: Edit) -> None:
    assert re.fullmatch(r"FCE-\d{3}", edit.id)
    assert tuple(edit.documentation) == HEADINGS
    assert edit.needs in NEEDS
    assert re.search(r"Guidelines FY\d{4}|CFR|CMS|837P|FHIR R4|[Tt]abular list", edit.source)


@pytest.mark.parametrize("missing", HEADINGS)
def test_a_docstring_without_a_heading_is_refused(missing: str) -> None:
    text = "Fault.\n\n" + "\n\n".join(f"{heading}\n    words" for heading in HEADINGS if heading != missing)
    with pytest.raises(ValueError, match=missing):
        parse_documentation(text)


def test_an_empty_heading_is_refused() -> None:
    text = "Fault.\n\n" + "\n\n".join(f"{heading}\n    {'' if heading == 'Source' else 'words'}" for heading in HEADINGS)
    with pytest.raises(ValueError, match="Source"):
        parse_documentation(text)


def test_the_documentation_lists_every_edit_as_the_code_has_it() -> None:
    assert edits_table() in DOCS.read_text(encoding="utf-8")


def test_overrides_of_edits_that_do_not_exist_stop_the_start() -> None:
    require_known({"FCE-201": "advisory"})
    with pytest.raises(ConfigurationError, match="FCE-999"):
        require_known({"FCE-201": "advisory", "FCE-999": "advisory"})


def test_an_edit_that_could_not_be_verified_cannot_be_blocking() -> None:
    module = ModuleType("fce999_made_up", "\n\n".join(f"{heading}\n    words" for heading in HEADINGS))
    vars(module).update(ID="FCE-999", NAME="made-up", SEVERITY=Severity.BLOCKING, IS_VERIFIED=False, check=lambda case: ())
    with pytest.raises(ValueError, match="FCE-999"):
        read_edit(module)
    module.SEVERITY = Severity.ADVISORY
    assert not read_edit(module).is_verified


def test_every_rule_of_the_guidelines_cites_a_paragraph() -> None:
    cited = {edit.id: edit.source for edit in all_edits() if edit.guideline_year}
    assert not [name for name, source in cited.items() if not _PARAGRAPH.search(source)]


def test_the_documentation_counts_and_names_the_unverified_edits() -> None:
    ((stated, named),) = re.findall(r"(\d+) edits are marked unverified: ([^.]+)\.", DOCS.read_text(encoding="utf-8"))
    spans = re.findall(r"FCE-(\d{3})(?: to FCE-(\d{3}))?", named)
    unverified = {edit.id for edit in all_edits() if not edit.is_verified}
    assert {f"FCE-{one}" for first, last in spans for one in range(int(first), int(last or first) + 1)} == unverified
    assert int(stated) == len(unverified)


def test_a_rule_of_the_guidelines_says_its_year_and_from_when_it_holds() -> None:
    for edit in all_edits():
        assert (edit.guideline_year > 0) == ("Guidelines FY" in edit.source)
        assert not edit.guideline_year or edit.holds_from is None or edit.holds_from >= date(2015, 10, 1)


@pytest.mark.parametrize(
    ("day", "holds"),
    [(None, True), (date(2025, 9, 30), False), (date(2025, 10, 1), True), (date(2026, 9, 30), True), (date(2026, 10, 1), False)],
)
def test_an_edit_holds_between_its_dates(day: date | None, holds: bool) -> None:
    first = all_edits()[0]
    edit = Edit("FCE-999", "x", first.severity, "", "", {}, first.check, holds_from=date(2025, 10, 1), holds_to=date(2026, 9, 30))
    assert edit.holds_on(day) is holds
