"""Clinical knowledge kept as data names only codes that the release has."""

from __future__ import annotations

import csv
from collections import defaultdict
from importlib.resources import files

import pytest

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.coding.history import history_code, is_history_offered
from fhir_coder.combinations import combination_for, combinations
from fhir_coder.model import RejectionReason
from terminology.codebook import Codebook


def test_every_history_code_is_billable(codebook: Codebook) -> None:
    lines = files("fhir_coder.coding").joinpath("history_codes.tsv").read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t"))
    assert len(rows) > 90
    assert [row["history"] for row in rows if not codebook.is_billable(row["history"])] == []


def test_every_combination_is_billable(codebook: Codebook) -> None:
    assert [rule for rule in combinations() if not (codebook.is_billable(rule.becomes) and codebook.is_billable(rule.have))] == []


@pytest.mark.parametrize(
    ("code", "codes", "becomes"),
    [
        ("I10", {"I10", "I50.9"}, "I11.0"),
        ("I10", {"I10", "N18.31"}, "I12.9"),
        ("I12.9", {"I12.9", "I50.22", "N18.32"}, "I13.0"),
        ("I11.0", {"I11.0", "I50.32", "N18.6"}, "I13.2"),
        ("E11.21", {"E11.21", "N18.6"}, "E11.22"),
        ("E09.9", {"E09.9", "R73.9"}, "E09.65"),
        ("K70.30", {"K70.30", "R18.8"}, "K70.31"),
        ("I10", {"I10", "N18.6"}, "I12.0"),
        ("I10", {"I10", "N18.4", "I50.22"}, "I13.0"),
        ("I10", {"I10", "N18.6", "I50.22"}, "I13.2"),
        ("E11.9", {"E11.9", "N18.4"}, "E11.22"),
        ("E11.9", {"E11.9", "G62.9"}, "E11.42"),
        ("E10.9", {"E10.9", "I73.9"}, "E10.51"),
        ("I25.10", {"I25.10", "I20.89"}, "I25.118"),
        ("I25.10", {"I25.10", "I21.4"}, None),
        ("I85.00", {"I85.00", "K74.60"}, "I85.10"),
        ("I85.00", {"I85.00", "K73.9"}, None),
        ("D64.9", {"D64.9", "N18.4"}, "D63.1"),
        ("N20.1", {"N20.1", "N13.30"}, "N13.2"),
        ("F03.B11", {"F03.B11", "G30.1"}, "F02.B11"),
        ("F03.90", {"F03.90", "I10"}, None),
        ("I83.92", {"I83.92", "L97.229"}, "I83.022"),
        ("I83.91", {"I83.91", "L97.229"}, None),
        ("I10", {"I10", "Z3A.22"}, "O10.019"),
        ("I10", {"I10", "E11.9"}, None),
        ("I50.9", {"I10", "I50.9"}, None),
    ],
)
def test_combinations(code: str, codes: set[str], becomes: str | None) -> None:
    rule = combination_for(code, codes)
    assert (rule.becomes if rule else None) == becomes


@pytest.mark.parametrize(
    ("code", "reason", "expected"),
    [
        ("C50.911", RejectionReason.HISTORICAL, "Z85.3"),
        ("C50.911", RejectionReason.FAMILY_HISTORY, "Z80.3"),
        ("E11.9", RejectionReason.FAMILY_HISTORY, "Z83.3"),
        ("I21.9", RejectionReason.HISTORICAL, "I25.2"),
        ("N20.0", RejectionReason.HISTORICAL, "Z87.442"),
        ("I10", RejectionReason.NEGATED, ""),
        ("I10", None, ""),
    ],
)
def test_history_codes(codebook: Codebook, code: str, reason: RejectionReason | None, expected: str) -> None:
    assert history_code(codebook, code, reason) == expected


@pytest.mark.parametrize(
    ("code", "reason", "cues", "is_in_plan", "is_offered"),
    [
        ("C50.911", RejectionReason.FAMILY_HISTORY, (), False, True),
        ("I82.409", RejectionReason.HISTORICAL, ("hist-prior",), False, True),
        ("I10", RejectionReason.FAMILY_HISTORY, (), False, False),
        ("I10", RejectionReason.FAMILY_HISTORY, (), True, True),
        ("L03.115", RejectionReason.HISTORICAL, ("hist-prior",), True, False),
        ("L03.115", RejectionReason.HISTORICAL, ("hist-history-of",), True, True),
        ("L03.115", RejectionReason.HISTORICAL, ("hist-history-of",), False, False),
        ("I10", None, (), True, False),
    ],
)
def test_where_a_history_is_offered(
    codebook: Codebook, code: str, reason: RejectionReason | None, cues: tuple[str, ...], is_in_plan: bool, is_offered: bool
) -> None:
    assert is_history_offered(codebook, code, reason, cues, is_in_plan) is is_offered


@pytest.mark.parametrize(("table", "columns"), [("kinds.tsv", ["codes"]), ("symptom_systems.tsv", ["symptoms", "diagnoses"])])
def test_the_tables_of_the_ranker_name_ranges_that_the_release_has(codebook: Codebook, table: str, columns: list[str]) -> None:
    lines = files("fhir_coder.coding").joinpath(table).read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t"))
    ranges = {part: parse_ranges(part) for row in rows for column in columns for part in row[column].split(", ")}
    beginning = defaultdict(list)  # a range covers codes of the letter that it begins with
    for code in codebook.codes():
        beginning[code[0]].append(code)
    assert [part for part, range_ in ranges.items() if not any(covered(code, range_) for code in beginning[part[0]])] == []
