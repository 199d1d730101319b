"""Adverse effects of medicines: the codes that say so, and the conditions that have a form of their own."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from fhir_coder.coding.medicine_effects import effect_form, is_adverse_effect
from terminology.codebook import Codebook

DATA = Path(__file__).resolve().parents[2] / "fhir_coder" / "coding" / "effect_forms.tsv"


@pytest.mark.parametrize(
    ("code", "expected"),
    [("T45.1X5A", True), ("T46.4X5D", True), ("T43.596A", False), ("T39.011A", False), ("T45.515A", True), ("T51.0X5A", False), ("G62.9", False)],
)
def test_is_adverse_effect(code: str, expected: bool) -> None:
    assert is_adverse_effect(code) is expected


@pytest.mark.parametrize(
    ("code", "medicines", "expected"),
    [
        ("G62.9", {"T45.1X5A"}, "G62.0"),
        ("G62.9", set(), "G62.9"),
        ("D64.9", {"T45.1X5A"}, "D64.81"),
        ("D64.9", {"T39.395A"}, "D64.9"),
        ("I10", {"T38.0X5A"}, "I10"),
    ],
)
def test_effect_form(code: str, medicines: set[str], expected: str) -> None:
    assert effect_form(code, medicines) == expected


def test_the_codes_of_the_data_are_billable_and_have_a_source(codebook: Codebook) -> None:
    rows = list(csv.DictReader((line for line in DATA.read_text().splitlines() if not line.startswith("#")), delimiter="\t"))
    assert rows and all(row["source"] for row in rows)
    assert [row for row in rows if not (codebook.is_billable(row["code"]) and codebook.is_billable(row["becomes"]))] == []
