"""What a disease and its manifestation call for: named in one statement, presumed to belong together, there already."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.coding.manifestations import with_manifestations
from fhir_coder.coding.ranked_code import RankedCode
from fhir_coder.coding.support import Pillar
from fhir_coder.model import Assertion, Candidate, Mention, SectionKind
from terminology.codebook import Codebook
from terminology.release import Release
from tests.coding.test_assignment import assertion, coded


def named(code: str, statement: int, probability: float = 0.9) -> RankedCode:
    """A code that the dictionary names in the problem statement that begins there."""
    whole = Mention("n", statement, statement + 30, "", SectionKind.ASSESSMENT, statement, statement + 30, is_problem_statement=True)
    term = Mention("n", statement, statement + 10, "", SectionKind.ASSESSMENT, statement, statement + 30, (code,))
    return RankedCode(code, (Pillar(Assertion(term), Candidate(0, code, 1.0, source="lexicon:test"), Assertion(whole)),), {}, probability)


def added(codebook: Codebook, *codes: RankedCode, are_chosen: bool) -> dict[str, RankedCode]:
    known = {one.code for one in codes}
    return {one.code: one for one in with_manifestations(codes, codebook, are_chosen) if one.code not in known}


@pytest.mark.parametrize("are_chosen", [True, False])
@pytest.mark.parametrize(
    ("disease", "sign", "becomes"),
    [
        ("E11.9", "N18.4", "E11.22"),
        ("E10.65", "L97.429", "E10.621"),
        ("Z86.73", "R13.12", "I69.391"),
        ("I69.320", "R29.810", "I69.392"),
        ("C34.11", "D64.9", "D63.0"),
    ],
)
def test_what_one_statement_names_is_as_likely_as_the_likelier(
    codebook: Codebook, disease: str, sign: str, becomes: str, are_chosen: bool
) -> None:
    found = added(codebook, named(disease, 10, 0.3), named(sign, 10, 0.8), are_chosen=are_chosen)
    assert {code: one.probability for code, one in found.items()} == {becomes: 0.8}


def test_what_is_presumed_to_belong_together_is_as_likely_as_the_less_likely(codebook: Codebook) -> None:
    found = added(codebook, named("E11.9", 10, 0.9), named("N18.4", 90, 0.6), are_chosen=True)
    assert {code: (one.probability, one.rule) for code, one in found.items()} == {"E11.22": (0.6, "I.A.15, I.C.4.a")}


def test_nothing_is_presumed_of_codes_that_are_not_all_assigned(codebook: Codebook) -> None:
    assert added(codebook, named("E11.9", 10), named("N18.4", 90), are_chosen=False) == {}


@pytest.mark.parametrize(("disease", "sign"), [("Z86.73", "R13.12"), ("C34.11", "D64.9")])
def test_what_must_be_stated_is_not_presumed(codebook: Codebook, disease: str, sign: str) -> None:
    assert added(codebook, named(disease, 10), named(sign, 90), are_chosen=True) == {}


@pytest.mark.parametrize("other", ["E11.9", "N18.4"])
def test_one_of_the_two_calls_for_nothing(codebook: Codebook, other: str) -> None:
    assert added(codebook, named(other, 10), named("I10", 10), are_chosen=True) == {}


def test_each_manifestation_adds_its_own(codebook: Codebook) -> None:
    codes = named("E11.9", 10), named("N18.4", 10), named("G62.9", 10), named("I96", 10)
    assert set(added(codebook, *codes, are_chosen=True)) == {"E11.22", "E11.42", "E11.52"}


def test_what_is_there_already_stays_as_it_is(codebook: Codebook) -> None:
    codes = [named("E11.9", 10), named("N18.4", 10), named("E11.22", 50, 0.4)]
    assert with_manifestations(codes, codebook, are_chosen=True) == codes


def test_two_signs_of_one_code_add_it_once(codebook: Codebook) -> None:
    found = with_manifestations([named("E11.9", 10), named("L97.429", 10), named("L97.519", 40)], codebook, are_chosen=True)
    assert [one.code for one in found] == ["E11.9", "L97.429", "L97.519", "E11.621"]


class Later:
    """The codebook as a later release may be, in which that code has become a header."""

    def __init__(self, codebook: Codebook, header: str) -> None:
        self._codebook, self._header = codebook, header

    def normalize(self, code: str) -> str | None:
        return self._codebook.normalize(code)

    def is_billable(self, code: str) -> bool:
        return code != self._header and self._codebook.is_billable(code)


def test_what_cannot_be_billed_is_not_added(codebook: Codebook) -> None:
    codes = named("E11.9", 10), named("N18.4", 10), named("G62.9", 10)
    assert set(added(Later(codebook, "E11.22"), *codes, are_chosen=True)) == {"E11.42"}  # type: ignore[arg-type]


def test_a_presumed_manifestation_is_assigned_and_says_so(release: Release) -> None:
    text = "Type 2 diabetes with hyperglycemia. Chronic kidney disease, stage 4."
    found = [
        *(assertion(text, words, statement=True) for words in text[:-1].split(". ")),
        assertion(text, "Type 2 diabetes with hyperglycemia", "E11.65"),
        assertion(text, "Chronic kidney disease, stage 4", "N18.4"),
    ]
    rules = {one.code: "I.A.15, I.C.4.a" in one.explanation for one in coded(release, text, *found).assignments}
    assert rules == {"E11.65": False, "E11.22": True, "N18.4": False}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Dysphagia after his old stroke.", {"I69.391", "R13.12"}), ("Dysphagia. Has had an old stroke.", {"Z86.73", "R13.12"})],
)
def test_what_a_stroke_left_is_assigned_where_one_statement_says_so(release: Release, text: str, expected: set[str]) -> None:
    found = [
        *(assertion(text, words, statement=True) for words in text[:-1].split(". ")),
        assertion(text, "Dysphagia", "R13.12"),
        assertion(text, "old stroke", "Z86.73"),
    ]
    assert {one.code for one in coded(release, text, *found).assignments} == expected


def test_the_table_names_codes_that_the_release_has_and_can_bill(codebook: Codebook) -> None:
    lines = files("fhir_coder.coding").joinpath("manifestations.tsv").read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t"))
    assert rows and all(row["source"] and row["where"] in ("", "statement") for row in rows)
    assert [row["becomes"] for row in rows if not codebook.is_billable(row["becomes"])] == []
    billable = [code for code in codebook.codes() if codebook.is_billable(code)]
    parts = {part.strip() for row in rows for column in ("code", "beside") for part in row[column].split(",")}
    assert sorted(part for part in parts if not any(covered(code, parse_ranges(part)) for code in billable)) == []
