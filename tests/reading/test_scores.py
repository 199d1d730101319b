"""Scores and levels written as numbers."""

from __future__ import annotations

import pytest

from fhir_coder.model import Encounter, Note
from fhir_coder.reading.mentions import find_mentions
from fhir_coder.reading.scores import alcohol_code, coma_code, find_scores, stroke_code
from fhir_coder.reading.sections import find_sections
from index.code_index import CodeIndex
from terminology.codebook import Codebook


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("NIHSS 7", ["R29.707"]),
        ("NIHSS score of 12 on arrival", ["R29.712"]),
        ("NIH stroke scale: 0", ["R29.700"]),
        ("NIHSS was 43", []),
        ("NIHSS pending", []),
        ("GCS 15", ["R40.241"]),
        ("Glasgow coma scale score 9", ["R40.242"]),
        ("Glasgow Coma Scale (GCS): 8", ["R40.243"]),
        ("GCS 2", []),
        ("GCS 13-15", []),
        ("BAC 0.08%", ["Y90.4"]),
        ("blood alcohol level 120 mg/100 ml", ["Y90.6"]),
        ("serum ethanol 250 mg/dL", ["Y90.8"]),
        ("EtOH level of 35 mg/dL", ["Y90.1"]),
        ("BAC .21 g/dl", ["Y90.7"]),
        ("blood alcohol level 120", []),
        ("BAC 8%", []),
        ("BAL 10% eosinophils", []),
        ("alcohol 2 drinks a day", []),
    ],
)
def test_scores(text: str, codes: list[str]) -> None:
    assert [code for term in find_scores(text) for code in term.codes] == codes


def test_every_score_has_a_code_of_the_release(codebook: Codebook) -> None:
    found = [stroke_code(score) for score in range(43)] + [alcohol_code(level) for level in range(0, 400, 10)]
    assert all(codebook.is_billable(code) for code in found)
    assert all(codebook.seventh_characters(coma_code(score)) for score in range(3, 16))
    assert (stroke_code(43), coma_code(2), coma_code(16)) == ("", "", "")


def test_a_coma_scale_is_no_coma(coder) -> None:
    release = coder.catalogue.get("2026-04-01")
    index: CodeIndex = coder.index_for(release)
    note = Note("n", "Exam: Glasgow coma scale score 15, alert.")
    found = find_mentions(find_sections(Encounter("e", (note,))), index.find_terms)
    assert [mention.codes for mention in found.mentions if mention.codes] == [("R40.241",)]
