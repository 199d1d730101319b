from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_excerpt import entry, lexicon, release

from index.matcher import TermMatch, TermMatcher
from index.terms import gather_terms, load_stoplist


def found(matcher: TermMatcher, text: str) -> list[tuple[str, str]]:
    return [(text[match.start : match.end], "+".join(match.codes)) for match in matcher.find_terms(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Assessment: HTN, stable.", [("HTN", "I10")]),
        ("Essential (primary) hypertension", [("Essential (primary) hypertension", "I10")]),
        ("essential hypertension today", [("essential hypertension", "I10")]),
        ("Right knee pain for 2 weeks", [("Right knee pain", "M25.561")]),
        ("pain in the right knee", [("pain in the right knee", "M25.561")]),
        ("Heel  spurs on exam", [("Heel  spurs", "M77.3")]),
        ("tennis-elbow", [("tennis-elbow", "M77.1")]),
        ("high blood\npressure", [("high blood\npressure", "I10")]),
        ("high blood\n\npressure", []),
        ("Crohn's disease in remission", [("Crohn's disease", "K50.90")]),
        ("Low back pain, unspecified", [("Low back pain, unspecified", "M54.50")]),
        ("Type 2 diabetes mellitus without complications", [("Type 2 diabetes mellitus without complications", "E11.9")]),
        ("Diabetic kidney disease, stage 3a", []),
        ("diabetic kidney disease stage 3a", [("diabetic kidney disease stage 3a", "E11.22+N18.31")]),
        ("Atrial fibrillation. Gallstones", [("Atrial fibrillation", "I48.91"), ("Gallstones", "K80.20")]),
        ("\U0001f642 hives and shingles", [("hives", "L50.9"), ("shingles", "B02.9")]),
        ("She fell; fall risk", [("fall", "W19")]),
        ("thyroidectomy behives", []),
        ("", []),
    ],
)
def test_terms_are_found_with_their_offsets(matcher: TermMatcher, text: str, expected: list[tuple[str, str]]) -> None:
    assert found(matcher, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("OSA on CPAP", [("OSA", "G47.33")]),
        ("osa", []),
        ("PE", [("PE", "I26.99")]),
        ("PEs", [("PEs", "I26.99")]),
        ("pe", []),
        ("Pe", []),
        ("MI, troponin elevated", [("MI", "I21.9")]),
        ("troponins drawn for MI", [("MI", "I21.9")]),
        ("Chest pain? MI", [("Chest pain", "R07.9"), ("MI", "I21.9")]),
        ("MI" + " word" * 60 + " troponin", []),
        ("Ann Arbor MI", []),
        ("MI excluded, no troponin drawn", []),
        ("no fever, troponin drawn for MI", [("fever", "R50.9"), ("MI", "I21.9")]),
        ("a cold", [("cold", "J00")]),
        ("cold intolerance", []),
        ("apply cold to knee, use packs", []),
    ],
)
def test_case_and_context_decide(matcher: TermMatcher, text: str, expected: list[tuple[str, str]]) -> None:
    assert found(matcher, text) == expected


def test_conditions_on_section_sex_and_age_are_passed_on(matcher: TermMatcher) -> None:
    text = "Vaginal bleeding. Colic. Teen acne. Back pain"
    assert [(match.sex, match.age, match.section_only, match.kind) for match in matcher.find_terms(text)] == [
        ("female", "", "", "disorder"),
        ("", "age<1", "", "symptom"),
        ("", "age>=12 age<18", "", "disorder"),
        ("", "", "assessment", "disorder"),
    ]


def test_the_lexicon_beats_a_title_on_equal_words_and_a_longer_title_beats_the_lexicon() -> None:
    lexical = lexicon(entry("chest pain", "R07.89"))
    matcher = TermMatcher(gather_terms(release().codebook, lexical.entries))
    assert [match.source for match in matcher.find_terms("chest pain")] == ["lexicon:chest-pain"]
    assert [match.source for match in matcher.find_terms("Chest pain, unspecified")] == ["title:R07.9"]


def test_all_lexicon_entries_for_the_same_words_stand() -> None:
    both = (entry("pelvic mass", "N94.89", id="f", sex="female"), entry("pelvic mass", "N50.89", id="m", sex="male"))
    matcher = TermMatcher(gather_terms(release().codebook, both))
    assert [(match.codes, match.sex) for match in matcher.find_terms("pelvic mass")] == [(("N94.89",), "female"), (("N50.89",), "male")]


def test_titles_that_share_words_fall_back_to_their_header(matcher: TermMatcher) -> None:
    (match,) = matcher.find_terms("joint effusion") or (None,)
    assert match is None or match.codes[0].startswith("M25.4")
    terms = gather_terms(release().codebook, ())
    assert terms["calcaneal spur"][0].codes == ("M77.30",)
    assert all(len(each) == 1 for each in terms.values())


@pytest.mark.parametrize(
    ("code", "kind"), [("R07.9", "symptom"), ("Z87.891", "history"), ("I10", "disorder"), ("Z79.4", "status"), ("Z23", "encounter")]
)
def test_official_terms_have_the_kind_of_their_chapter(code: str, kind: str) -> None:
    terms = gather_terms(release().codebook, ())
    assert {term.kind for each in terms.values() for term in each if term.codes == (code,)} == {kind}


def test_external_causes_and_stop_listed_words_are_never_taken_from_titles() -> None:
    terms = gather_terms(release().codebook, ())
    assert not [term for each in terms.values() for term in each if any(code[0] in "VWXY" for code in term.codes)]
    assert not load_stoplist() & terms.keys()
    assert {"pain", "fall", "alcohol use", "wound", "other"} <= load_stoplist()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["right knee pain", "htn", "hives", "pain in", "and", "no", ".", "\n\n", ",", "OSA", "low back pain", "spur"]),
        max_size=12,
    )
)
def test_matches_are_ordered_and_none_contains_another(words: list[str]) -> None:
    text = " ".join(words)
    matches: tuple[TermMatch, ...] = SMALL.find_terms(text)
    spans = list(dict.fromkeys((match.start, match.end) for match in matches))
    assert spans == sorted(spans)
    assert all(one[1] < other[1] for one, other in pairwise(spans))
    assert all("\n\n" not in text[start:end] for start, end in spans)


SMALL = TermMatcher(gather_terms(release().codebook, lexicon().entries))


def test_a_name_keeps_what_stands_inside_it_from_being_found() -> None:
    matcher = TermMatcher(gather_terms(release().codebook, (entry("stroke", "I63.9"),)))
    assert matcher.find_terms("Stroke volume is normal.") == ()
    assert [match.codes for match in matcher.find_terms("Stroke in May.")] == [("I63.9",)]
