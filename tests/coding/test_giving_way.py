"""Codes that give way to others."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from fhir_coder.coding.giving_way import gives_way_to
from fhir_coder.coding.policy import outpatient
from fhir_coder.model import Encounter, Note, RejectionReason
from fhir_coder.pipeline import Coder
from terminology.codebook import Codebook
from terminology.references import parse_references

DATA = Path(__file__).resolve().parents[2] / "fhir_coder" / "coding" / "gives_way.tsv"


@pytest.mark.parametrize(
    ("code", "assigned", "to"),
    [
        ("Z34.03", {"O14.93", "Z3A.32"}, "O14.93"),
        ("Z34.03", {"Z3A.32", "D64.9"}, ""),
        ("Z87.442", {"N20.0"}, "N20.0"),
        ("R73.03", {"E11.9", "I10"}, "E11.9"),
        ("I10", {"R03.0"}, ""),
        ("I10", {"O10.012", "Z3A.20"}, "O10.012"),
        ("I20.89", {"I25.118"}, "I25.118"),
        ("M81.0", {"M80.08XD"}, "M80.08XD"),
        ("G62.9", {"E11.42"}, "E11.42"),
        ("G62.9", {"E11.22"}, ""),
        ("R79.9", {"E11.9"}, "E11.9"),
        ("R79.9", {"M17.11"}, ""),
        ("Z79.4", {"E10.9"}, "E10.9"),
        ("Z79.4", {"E11.9"}, ""),
        ("Z79.899", {"Z79.52", "M32.14"}, "Z79.52"),
    ],
)
def test_gives_way(code: str, assigned: set[str], to: str) -> None:
    assert gives_way_to(code, assigned) == to


def test_the_codes_of_the_data_are_in_the_release_and_have_a_source(codebook: Codebook) -> None:
    rows = list(csv.DictReader((line for line in DATA.read_text().splitlines() if not line.startswith("#")), delimiter="\t"))
    assert rows and all(row["source"] for row in rows)
    assert all(codebook.normalize(row["code"]) for row in rows)
    assert all(parse_references(f"({row['to']})") for row in rows)


def test_oral_antidiabetics_are_offered_and_left_to_the_site(coder: Coder) -> None:
    text = "Medications: metformin 500 mg bid.\nAssessment and Plan:\n1. Type 2 diabetes, controlled. Continue metformin.\n"
    coded = coder.code_encounter(Encounter(id="e", notes=(Note(id="n", text=text),)), outpatient())[0].report.coded
    assert [one.code for one in coded.assignments] == ["E11.9"]
    assert RejectionReason.LEFT_TO_SITE in {one.reason for one in coded.rejected if one.code == "Z79.84"}
