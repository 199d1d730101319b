"""Sentences and list items."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_coder.reading.sentences import find_sentences

NOTE_TEXT = st.text(alphabet=st.sampled_from(list("ab AB.,;:!?\n•-#12()[]☐\t\"'é")), max_size=200)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No fever. Cough for 3 days.", ["No fever.", "Cough for 3 days."]),
        ("Seen by Dr. Hall at 8 a.m. today.", ["Seen by Dr. Hall at 8 a.m. today."]),
        ("A1c 7.2 today. Up from 6.8.", ["A1c 7.2 today.", "Up from 6.8."]),
        ("1. HTN 2. DM2 3. Gout", ["1. HTN", "2. DM2", "3. Gout"]),
        ("1. HTN.\n2. DM2.", ["1. HTN.", "2. DM2."]),
        ("1 Gout of the left great toe, better\n2 Asthma", ["1 Gout of the left great toe, better", "2 Asthma"]),
        ("> Gout: quiet on its tablets for months\n> Asthma", ["> Gout: quiet on its tablets for months", "> Asthma"]),
        ("1.  Gout.,2.  Anemia.", ["1.  Gout.", "2.  Anemia."]),
        ("He was seen in 2012. He is well.", ["He was seen in 2012.", "He is well."]),
        ("Ulcer grade 3. He is well.", ["Ulcer grade 3.", "He is well."]),
        ("- fever\n- cough", ["- fever", "- cough"]),
        ("The patient has had pain in the left knee for three weeks and\nit is worse at night.", None),
        ("Hypertension\nDiabetes", ["Hypertension", "Diabetes"]),
        ("no chest pain\ncough", ["no chest pain", "cough"]),
        ("No fever, chills or\ncough.", ["No fever, chills or\ncough."]),
        ("- rash on the arm\n  that itches", ["- rash on the arm\n  that itches"]),
        ("Well. - Labs: none.", ["Well.", "- Labs: none."]),
        ("Denies fever; chills; cough.", ["Denies fever; chills; cough."]),
        ("BP 130/80. Pulse 72.", ["BP 130/80.", "Pulse 72."]),
        ("Is it worse? Yes! Much.", ["Is it worse?", "Yes!", "Much."]),
        ("", []),
        ("  \n ", []),
    ],
)
def test_boundaries(text: str, expected: list[str] | None):
    assert [text[found.start : found.end] for found in find_sentences(text, 0, len(text))] == ([text] if expected is None else expected)


def test_items_are_known():
    text = "Denies:\n• fever\n2) cough\nWell"
    assert [found.is_item for found in find_sentences(text, 0, len(text))] == [False, True, True, False]


@given(NOTE_TEXT)
def test_sentences_are_in_order_and_leave_out_only_blanks_and_commas(text: str):
    last = 0
    for found in find_sentences(text, 0, len(text)):
        assert last <= found.start < found.end <= len(text)
        assert not text[last : found.start].strip(" \t\n,")
        last = found.end
    assert not text[last:].strip(" \t\n,")
