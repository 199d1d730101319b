"""Ordinary sentences of notes in which the dictionary may find nothing: a word of a condition that stands in a name, an instruction, a result."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_phrases import PATIENTS, codes_of

from fhir_coder.model import Patient
from index.matcher import TermMatcher
from terminology.codebook import Codebook

SENTENCES = Path(__file__).with_name("silent_sentences.txt")


def sentences() -> list[str]:
    """Every line that is neither empty nor a comment."""
    return [line for line in SENTENCES.read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("patient", PATIENTS[1:4], ids=lambda patient: patient.id)
def test_nothing_is_found(matcher: TermMatcher, codebook: Codebook, patient: Patient) -> None:
    found = {sentence: codes for sentence in sentences() if (codes := codes_of(matcher, codebook, sentence, patient))}
    assert found == {}


def test_the_list_is_long_and_repeats_nothing() -> None:
    assert len(sentences()) >= 300
    assert len(set(sentences())) == len(sentences())
