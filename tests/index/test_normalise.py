from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.normalise import BREAK, forms, singular, tokenise, word_form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Low Back Pain", "low back pain"),
        ("low-back pain", "low back pain"),
        ("nausea/vomiting", "nausea vomiting"),
        ("low back\npain", "low back pain"),
        ("low\r\nback   pain", "low back pain"),
        ("Crohn's disease", "Crohn disease"),
        ("Crohn’s disease", "crohns disease"),
        ("kidney stones", "kidney stone"),
        ("allergies", "allergy"),
        ("abscesses", "abscess"),
        ("patches", "patch"),
        ("headaches", "headache"),
        ("diagnoses", "diagnosis"),
        ("metastases", "metastasis"),
        ("Ménière disease", "Meniere disease"),
        ("type II diabetes", "type 2 diabetes"),
        ("fracture of the left hip", "fracture of left hip"),
        ("diabetes w/o complications", "diabetes without complication"),
        ("diabetes w/ neuropathy", "diabetes with neuropathy"),
        ("E. coli infection", "E coli infection"),
        ("fever & chills", "fever and chills"),
        ("pain [chronic]", "pain (chronic)"),
    ],
)
def test_spellings_of_one_term_have_the_same_forms(one: str, other: str) -> None:
    assert forms(one) == forms(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anxiety, depression", "anxiety depression"),
        ("hepatitis A", "hepatitis"),
        ("low back.\nPain", "low back pain"),
        ("low back\n\npain", "low back pain"),
        ("low back\n \t\npain", "low back pain"),
        ("hypertension\n- heart disease", "hypertension heart disease"),
        ("knee - pain", "knee pain"),
        ("knee: pain", "knee pain"),
        ("aids", "aid"),
        ("stage 3.5", "stage 35"),
    ],
)
def test_different_terms_stay_apart(one: str, other: str) -> None:
    assert forms(one) != forms(other)


@pytest.mark.parametrize("word", ["pus", "is", "diagnosis", "abscess", "virus", "lens", "gas", "mass"])
def test_words_that_are_no_plural_are_left_alone(word: str) -> None:
    assert singular(word) == word


def test_a_blank_line_is_a_break() -> None:
    assert [token.form for token in tokenise("foot\n\npain")] == ["foot", BREAK, "pain"]


@given(st.text(max_size=300))
def test_tokens_lie_in_order_within_the_text(text: str) -> None:
    end = 0
    for token in tokenise(text):
        assert end <= token.start < token.end <= len(text)
        end = token.end


@given(st.text(alphabet=st.characters(categories=("Ll", "Lu")), min_size=1, max_size=12))
def test_the_form_of_a_word_does_not_depend_on_case(word: str) -> None:
    if word.lower().upper() == word.upper() and word.upper().lower() == word.lower():
        assert word_form(word.upper()) == word_form(word.lower())
