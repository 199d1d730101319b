"""The side of a condition from the sentences that name its part of the body."""

from __future__ import annotations

import pytest

from fhir_coder.body_parts import about_its_part
from fhir_coder.coding.specificity import complete
from terminology.codebook import Codebook


def test_only_the_sentences_about_the_part() -> None:
    text = "Mass of the left adnexa. Right knee aches; lungs clear."
    assert [one.strip() for one in about_its_part("Malignant neoplasm of unspecified ovary", text)] == ["Mass of the left adnexa"]
    assert about_its_part("Essential (primary) hypertension", text) == []


@pytest.mark.parametrize(
    ("code", "note", "completed"),
    [
        ("C56.9", "Left oophorectomy in May. Right knee pain; lungs clear bilaterally.", "C56.2"),
        ("C56.9", "Left ovary removed, right ovary spared. Right knee.", "C56.9"),
        ("H66.90", "R TM bulging and red. L TM pearly. Left arm rash.", "H66.90"),
        ("H66.90", "The right TM is bulging. Left arm rash.", "H66.91"),
    ],
)
def test_the_only_side_named_beside_the_part(codebook: Codebook, code: str, note: str, completed: str) -> None:
    assert complete(codebook, code, ("the condition", "", "", note)) == completed
