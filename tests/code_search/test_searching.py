"""Searching for codes as people type: what is found first, what opens, and the share of ordinary queries that are answered."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from fhir_coder.code_search.searching import LONGEST_QUERY, CodeSearch, Found
from fhir_coder.pipeline import Coder
from terminology.release import Release

QUERIES = Path(__file__).with_name("queries.tsv")
LEAST_SHARE = 0.97
"""Of the queries of the table that find their code where it should be; 99 of 101 did when the table was written."""


@pytest.fixture(scope="module")
def search(coder: Coder) -> CodeSearch:
    return CodeSearch(coder.index_for)


def codes(found: tuple[Found, ...]) -> list[str]:
    return [one.code for one in found]


def test_ordinary_queries_find_their_code_early(search: CodeSearch, release: Release) -> None:
    lines = (line for line in QUERIES.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    rows = list(csv.DictReader(lines, delimiter="\t"))
    missed = [row for row in rows if row["code"] not in codes(search.search(row["query"], release))[: int(row["within"])]]
    assert len(rows) >= 30 and len(missed) <= (1 - LEAST_SHARE) * len(rows), missed


BY_CODE = {
    "E11.2": ["E11.2", "E11.21", "E11.22", "E11.29"],
    "e112": ["E11.2", "E11.21", "E11.22", "E11.29"],
    "E11.22": ["E11.22"],
    "n183": ["N18.3", "N18.30", "N18.31", "N18.32"],
    "S52501A": ["S52.501A"],
    "S93.401": ["S93.401", "S93.401A", "S93.401D", "S93.401S"],
    "W19": ["W19", "W19.XXXA", "W19.XXXD", "W19.XXXS"],
    "w19x": ["W19.XXXA", "W19.XXXD", "W19.XXXS"],
    "F0": ["F01", "F02", "F03", "F04", "F05", "F06", "F07", "F09"],
}


@pytest.mark.parametrize(("typed", "expected"), BY_CODE.items(), ids=BY_CODE)
def test_the_beginning_of_a_code_lists_what_stands_under_it(search: CodeSearch, release: Release, typed: str, expected: list[str]) -> None:
    assert codes(search.search(typed, release)) == expected


def test_a_code_and_words_find_within_the_code(search: CodeSearch, release: Release) -> None:
    found = codes(search.search("E11 neuropathy", release))
    assert found[0] == "E11.40" and all(code.startswith("E11") for code in found)


@pytest.mark.parametrize("typed", ["diab", "diabete", "diabetes"])
def test_an_unfinished_word_finds_what_the_whole_word_finds(search: CodeSearch, release: Release, typed: str) -> None:
    assert codes(search.search(typed, release))[0] == "E11.9"


def test_a_side_is_put_in_and_a_seventh_character_never(search: CodeSearch, release: Release) -> None:
    first = search.search("fracture of left wrist", release)[0]
    assert (first.code, first.is_billable) == ("S52.502", False)
    assert {choice.code[:7] for choice in first.below} == {"S52.502"} and "S52.502A" in [choice.code for choice in first.below]


@pytest.mark.parametrize("query", ["fracture", "knee pain", "e1", "otitis", "pregnancy", "burn of hand"])
def test_only_billable_codes_may_be_chosen_and_the_others_open(search: CodeSearch, release: Release, query: str) -> None:
    for found in search.search(query, release):
        assert found.is_billable == release.codebook.is_billable(found.code) and bool(found.below) != found.is_billable
        assert found.title == release.codebook.title(found.code) and found.why


@pytest.mark.parametrize(
    "query", ["", " ", "?", "\u200b", "zzqqxx", "E99", "'; --", "%", "a" * 5000, "٣٤", "é", "ﬁ", "-", "((", "E11." * 500]
)
def test_no_text_is_too_strange(search: CodeSearch, release: Release, query: str) -> None:
    assert len(search.search(query, release)) <= 20


def test_what_is_typed_beyond_the_limit_is_not_read(search: CodeSearch, release: Release) -> None:
    filled = "low back pain".ljust(LONGEST_QUERY)
    assert codes(search.search(filled + "diabetes", release)) == codes(search.search("low back pain", release))


def test_why_is_told(search: CodeSearch, release: Release) -> None:
    assert search.search("htn", release)[0].why == "phrase: htn"
    assert search.search("E11.22", release)[0].why == "code"
