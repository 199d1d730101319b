"""What the ranker sees of a code, on small encounters built by hand."""

from __future__ import annotations

import pytest

from fhir_coder.coding.features import FEATURES, as_vector, code_features, features_version
from fhir_coder.coding.kinds import NAMES, is_of_system, is_symptom, kind_features, kinds
from fhir_coder.coding.support import Offers, Pillar
from fhir_coder.model import Assertion, Assertions, Candidate, Encounter, Mention, Mentions, Note, Section, SectionKind, Sections
from terminology.codebook import Codebook


def features_of(codebook: Codebook, text: str, named: dict[str, str], statements: tuple[str, ...] = (), source: str = "lexicon:x") -> dict:
    """The features of each code of ``named`` (code to its words in the text), all of it one assessment; ``statements`` are its problems."""
    section = Section("n", SectionKind.ASSESSMENT, "Assessment", 0, 0, len(text))
    problems = {words: Assertion(mention(text, words, is_problem=True)) for words in statements}
    pillars, assertions = {}, list(problems.values())
    for position, (code, words) in enumerate(named.items()):
        found = Assertion(mention(text, words, codes=(code,)))
        assertions.append(found)
        around = next((one for one in problems.values() if one.mention.start <= found.mention.start < one.mention.end), None)
        pillars[code] = (Pillar(found, Candidate(position, code, 1.0, 1.0, None, source), around),)
    read = Mentions(Sections(Encounter("e", (Note("n", text),)), (section,)), tuple(one.mention for one in assertions))
    return code_features(Offers(pillars, ()), Assertions(read, tuple(assertions)), codebook)


def mention(text: str, words: str, codes: tuple[str, ...] = (), is_problem: bool = False) -> Mention:
    start = text.index(words)
    line_start, line_end = text.rfind("\n", 0, start) + 1, text.find("\n", start)
    return Mention(
        "n",
        start,
        start + len(words),
        words,
        SectionKind.ASSESSMENT,
        line_start,
        line_end if line_end >= 0 else len(text),
        codes,
        (),
        is_problem,
    )


def test_a_vector_has_every_feature_in_order(codebook: Codebook) -> None:
    values = features_of(codebook, "HTN", {"I10": "HTN"})["I10"]
    assert tuple(values) == FEATURES
    assert len(set(FEATURES)) == len(FEATURES)
    assert as_vector(values) == list(values.values())


def test_the_version_names_meaning_and_names() -> None:
    number, digest = features_version().split("@")
    assert number.isdigit()
    assert len(digest) == 12


@pytest.mark.parametrize(
    ("statement", "words", "share"),
    [
        ("COPD, stable", "COPD", 1.0),
        ("Anemia - iron studies", "Anemia", 1.0),
        ("Stable chronic systolic heart failure", "chronic systolic heart failure", 1.0),
        ("Diabetes with neuropathy", "Diabetes", 0.5),
    ],
)
def test_the_head_of_a_statement_is_what_the_problem_is(codebook: Codebook, statement: str, words: str, share: float) -> None:
    assert features_of(codebook, statement, {"I10": words}, (statement,))["I10"]["head_share"] == pytest.approx(share)


def test_words_around_a_mention(codebook: Codebook) -> None:
    text = "Hepatitis panel ordered.\nMetoprolol 25 mg for hypertension.\nGout resolved.\nAsthma worsening, refer to pulmonology."
    found = features_of(codebook, text, {"K75.9": "Hepatitis", "I10": "hypertension", "M10.9": "Gout", "J45.909": "Asthma"})
    assert [found[code]["only_before_test_words"] for code in ("K75.9", "I10", "M10.9", "J45.909")] == [1, 0, 0, 0]
    assert [found[code]["only_as_purpose"] for code in ("K75.9", "I10", "M10.9", "J45.909")] == [0, 1, 0, 0]
    assert [found[code]["resolved_in_sentence"] for code in ("K75.9", "I10", "M10.9", "J45.909")] == [0, 0, 1, 0]
    assert [found[code]["dose_in_sentence"] for code in ("K75.9", "I10", "M10.9", "J45.909")] == [0, 1, 0, 0]
    assert found["J45.909"]["course_in_sentence"] == found["J45.909"]["cared_for_in_sentence"] == 1
    assert [found[code]["in_first_line"] for code in ("K75.9", "I10")] == [1, 0]


def test_codes_of_one_statement_are_rivals(codebook: Codebook) -> None:
    statement = "Diabetic neuropathy with foot ulcer"
    found = features_of(codebook, statement, {"E11.40": "Diabetic neuropathy", "L97.509": "foot ulcer"}, (statement,))
    assert [found[code]["is_longest_in_statement"] for code in found] == [1, 0]
    assert [found[code]["is_first_in_statement"] for code in found] == [1, 0]
    assert found["E11.40"]["codes_in_statement"] == found["L97.509"]["codes_in_statement"] > 0


def test_a_code_of_the_same_category_in_the_assessment_is_seen(codebook: Codebook) -> None:
    found = features_of(codebook, "Anemia\nIron deficiency anemia", {"D50.9": "Anemia", "D50.0": "Iron deficiency anemia"})
    assert found["D50.9"]["category_named_in_assessment"] == 1
    assert found["D50.9"]["codes_of_category"] > features_of(codebook, "Anemia", {"D50.9": "Anemia"})["D50.9"]["codes_of_category"] == 0


def test_a_symptom_beside_a_diagnosis_of_its_system(codebook: Codebook) -> None:
    beside = features_of(codebook, "Cough\nPneumonia", {"R05.9": "Cough", "J18.9": "Pneumonia"})
    elsewhere = features_of(codebook, "Cough\nGout", {"R05.9": "Cough", "M10.9": "Gout"})
    assert [one["R05.9"]["symptom_of_diagnosed_system"] for one in (beside, elsewhere)] == [1, 0]


def test_retrieval_beside_the_dictionary_is_told_from_retrieval_alone(codebook: Codebook) -> None:
    alone = features_of(codebook, "Odd pains", {"R52": "Odd pains"}, ("Odd pains",), source="retrieval:title:R52")
    assert alone["R52"]["retrieved_only"] == 1
    assert alone["R52"]["retrieved_beside_dictionary"] == 0


@pytest.mark.parametrize(
    ("code", "opens"), [("H40.10X0", 0), ("H25.10", 1), ("E03.9", 0), ("J18.9", 0), ("M25.569", 1)], ids=lambda value: str(value)
)
def test_an_open_detail_is_not_the_plain_name_of_a_disease(codebook: Codebook, code: str, opens: int) -> None:
    assert features_of(codebook, "Words", {code: "Words"})[code]["detail_left_open"] == opens


@pytest.mark.parametrize(("code", "expected"), [("R05.9", True), ("M25.561", True), ("R79.9", True), ("R73.03", False), ("M17.11", False)])
def test_symptoms_and_findings_that_name_nothing(codebook: Codebook, code: str, expected: bool) -> None:
    assert is_symptom(codebook, code) is expected


def test_kinds_are_those_of_the_table() -> None:
    assert {name for name, value in kind_features("Z79.4").items() if value} == {"is_long_term_drug"}
    assert {name for name, value in kind_features("Z12.31").items() if value} == {"is_reason_for_encounter", "is_screening"}
    assert {name for name, value in kind_features("E11.9").items() if value} == {"is_chronic"}
    assert [name for name, _ in kinds()] == list(NAMES)


def test_systems_of_symptoms() -> None:
    assert is_of_system("R10.9", {"K29.70"})
    assert not is_of_system("R10.9", {"J45.909"})
    assert not is_of_system("E11.9", {"E11.9"})


@pytest.mark.parametrize(
    ("text", "words", "values"),
    [
        ("Seen today.\n- HTN: stable, continue lisinopril", "HTN", (1, 1, 1)),
        ("Seen today.\n2) chronic HTN. BP fine.", "HTN", (1, 1, 0)),
        ("Prediabetes.\nDiet, recheck A1c in 6 months", "Prediabetes", (1, 1, 1)),
        ("HTN runs high at work", "HTN", (1, 0, 0)),
        ("She was told she has HTN. Start lisinopril 10 mg", "HTN", (0, 0, 0)),
    ],
)
def test_a_line_is_read_as_clinicians_list_problems(codebook: Codebook, text: str, words: str, values: tuple[int, int, int]) -> None:
    found = features_of(codebook, text, {"I10": words})["I10"]
    assert (found["opens_line"], found["stands_alone_in_line"], found["cared_for_in_line"]) == values
