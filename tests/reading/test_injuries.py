"""Injuries put together from kind and place: the examples are in ``injuries.tsv``."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from fhir_coder.model import Encounter, Note
from fhir_coder.reading.injuries import SOURCE
from fhir_coder.reading.injury_rules import load_injuries
from fhir_coder.reading.mentions import find_mentions
from fhir_coder.reading.sections import find_sections
from terminology.codebook import Codebook
from terminology.knowledge import table_rows

EXAMPLES = Path(__file__).with_name("injuries.tsv")
DIGITS = {"open": "12345", "nail_open": "12345", "superficial": "156", "burn": "01234567"}


def examples() -> list[tuple[str, str]]:
    lines = (line for line in EXAMPLES.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    return [(row["told"], row["codes"].strip("-")) for row in csv.DictReader(lines, delimiter="\t")]


@pytest.mark.parametrize(("text", "codes"), examples(), ids=[text for text, _ in examples()])
def test_kind_and_place_make_the_code(text: str, codes: str) -> None:
    mentions = find_mentions(find_sections(Encounter("e", (Note("n", text),))), lambda _: ()).mentions
    found = {code for one in mentions for code in one.codes if one.sources[0].startswith(SOURCE)}
    assert found == set(codes.split())


def test_every_code_of_the_tables_is_known(codebook: Codebook) -> None:
    templates = [
        (part, DIGITS.get(column, "0"))
        for row in table_rows("fhir_coder.reading", "injury_sites.tsv")
        for column, value in row.items()
        if column not in ("site", "source")
        for part in value.split("|")
        if part
    ]
    templates += [(part, "0") for row in table_rows("fhir_coder.reading", "fracture_sites.tsv") for part in row["code"].split("|")]
    codes = {template.replace("#", digit) for template, digits in templates for digit in digits}
    assert sorted(code for code in codes if code not in codebook) == []


def test_no_site_is_named_by_nothing() -> None:
    assert [site for site in load_injuries().sites if site.words.search("")] == []
