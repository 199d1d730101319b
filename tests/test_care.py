"""Which words, medicines and items of a plan show that a visit dealt with a condition."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from fhir_coder.care import Care
from fhir_coder.code_ranges import parse_ranges
from fhir_coder.model import Encounter, Evidence, Note
from fhir_coder.reading.assertion import assert_mentions
from fhir_coder.reading.mentions import find_mentions
from fhir_coder.reading.sections import find_sections
from fhir_coder.treatments import names_treatment
from terminology.codebook import Codebook

TABLES = Path(__file__).resolve().parents[1] / "fhir_coder"


def deals_with(text: str, code: str, words: str) -> bool:
    """Whether a note deals with the condition that it names in these words (the last time it does)."""
    note = Note("n1", text)
    assertions = assert_mentions(find_mentions(find_sections(Encounter("e1", (note,))), lambda _: ()))
    start = text.rindex(words)
    section = next(one for one in assertions.mentions.sections.sections if one.start <= start < one.end)
    return Care(assertions).deals_with(code, [Evidence("n1", start, start + len(words), words, note.sha256, section.kind)])


BARE = "Assessment:\n1. Acute bronchitis\n2. GERD\n3. Psoriasis\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(BARE, False, id="only named"),
        pytest.param(BARE.replace("GERD", "GERD, stable"), True, id="its course"),
        pytest.param(BARE.replace("Psoriasis", "Psoriasis - continue calcipotriene"), False, id="the next item's care"),
        pytest.param(BARE + "\nMedications: omeprazole 20 mg daily\n", True, id="its medicine"),
        pytest.param(BARE + "\nMedications: calcipotriene cream\n", False, id="another's medicine"),
        pytest.param(BARE + "\nAllergies: omeprazole\n", False, id="a medicine that is not tolerated"),
        pytest.param(BARE + "\nPlan:\n1. Fluids.\n2. Raise the head of the bed.\n", True, id="the item of the plan"),
        pytest.param(BARE + "\nPlan:\n1. Fluids.\n3. Emollient.\n", False, id="other items of the plan"),
        pytest.param(BARE + "\nPlan: Fluids. Continue current medications.\n", True, id="all medicines go on"),
    ],
)
def test_an_item_of_the_assessment(text: str, expected: bool) -> None:
    assert deals_with(text, "K21.9", "GERD") is expected


def test_lists_of_the_past_need_care_in_their_own_line() -> None:
    assert not deals_with("Past Medical History:\nHyperlipidemia\nPsoriasis\n", "E78.5", "Hyperlipidemia")
    assert deals_with("Past Medical History:\nHyperlipidemia, refilled today\nPsoriasis\n", "E78.5", "Hyperlipidemia")


@pytest.mark.parametrize("code", ["E11.9", "I10", "Z95.0", "R05.9", "S52.501A", "C50.911"])
def test_some_codes_are_not_asked_about(code: str) -> None:
    assert deals_with(BARE, code, "GERD")


@pytest.mark.parametrize(
    ("text", "code", "treats"),
    [
        ("Atorvastatin 40", "E78.5", True),
        ("Atorvastatin 40", "K21.9", False),
        ("levothyroxine", "E03.9", True),
        ("nothing", "E03.9", False),
    ],
)
def test_medicines_for_conditions(text: str, code: str, treats: bool) -> None:
    assert names_treatment(text, code) is treats


@pytest.mark.parametrize("name", ["treatments.tsv", "care_exemptions.tsv"])
def test_the_tables_name_codes_of_the_release_and_known_classes(name: str, codebook: Codebook) -> None:
    lines = [line for line in (TABLES / name).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    drugs = (TABLES / "reading" / "drugs.tsv").read_text(encoding="utf-8").splitlines()
    known = {line.split("\t")[0] for line in drugs}
    for row in csv.DictReader(lines, delimiter="\t"):
        assert all(one.first in codebook and one.last in codebook for one in parse_ranges(row["codes"])), row
        assert {kind.strip() for kind in row.get("classes", "").split(",") if kind} <= known, row
