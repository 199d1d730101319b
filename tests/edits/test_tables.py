"""The tables beside the edits: every range is read, every row has a source, and every range names codes of the release."""

from __future__ import annotations

from importlib.resources import files

import pytest

from fhir_coder.always_review import review_rules
from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.lists import shipped_lists
from fhir_coder.edits.tables import read_table

TABLES = sorted(path.name for path in files("fhir_coder.edits").iterdir() if path.name.endswith(".tsv"))


@pytest.mark.parametrize("name", TABLES)
def test_every_range_names_codes_of_the_release(name: str, codebook) -> None:
    for row in read_table(name):
        for column in ("codes", "beside", "except", "accepts", "within", "specified"):
            for one in parse_ranges(row.get(column, "")):
                assert one.first in codebook, f"{name}: {one}"
                assert one.last in codebook, f"{name}: {one}"


@pytest.mark.parametrize("name", [name for name in TABLES if name != "side_words.tsv"])
def test_every_row_has_a_source(name: str) -> None:
    assert all(row["source"].strip() for row in read_table(name))


def test_every_range_of_the_always_review_list_names_codes(codebook) -> None:
    for rule in review_rules():
        assert rule.reason
        assert rule.source
        for one in rule.codes + rule.beside:
            assert one.first in codebook, f"{rule.category}: {one}"
            assert one.last in codebook, f"{rule.category}: {one}"


@pytest.mark.parametrize(
    ("text", "code", "inside"),
    [
        ("C00-C96", "C4A.9", True),
        ("O00-O9A", "O9A.111", True),
        ("E08-E13", "E13.9", True),
        ("E08-E13", "E14", False),
        ("Z68.1-Z68.4", "Z68.45", True),
        ("Z68.1-Z68.4", "Z68.54", False),
        ("Z3A", "Z3A.20", True),
        ("R45.851", "R45.850", False),
        ("", "I10", False),
    ],
)
def test_ranges(text: str, code: str, inside: bool) -> None:
    assert covered(code, parse_ranges(text)) is inside
    assert covered(code.replace(".", ""), parse_ranges(text)) is inside


@pytest.mark.parametrize("text", ["hypertension", "I10, and others", "10.1"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a list"):
        parse_ranges(text)


@pytest.mark.parametrize(
    ("code", "expected"),
    [("F02.80", True), ("H36.89", True), ("D63.1", True), ("N52.1", True), ("B96.20", False), ("G30.9", False), ("R10.84", False)],
)
def test_manifestations(code: str, expected: bool, codebook) -> None:
    assert shipped_lists().is_manifestation(code, codebook.title(code)) is expected
