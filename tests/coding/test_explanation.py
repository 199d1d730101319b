"""The sentences that tell a reviewer why a code was assigned."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fhir_coder.coding.case_reports.features import MENTION_FEATURES
from fhir_coder.coding.explanation import explain
from fhir_coder.coding.features import FEATURES
from fhir_coder.coding.support import Pillar
from fhir_coder.model import Assertion, Candidate, Mention, SectionKind
from terminology.knowledge import table_rows

MENTION = Mention("n", 0, 3, "HTN", SectionKind.ASSESSMENT_AND_PLAN, 0, 3, ("I10",))
PILLAR = Pillar(Assertion(MENTION), Candidate(0, "I10", 1.0, 1.0, None, "lexicon:cardiology:high-blood-pressure"), None)


def test_it_names_what_decided_for_and_against_in_a_coders_words() -> None:
    shares = [("is_head_of_problem", 0.9), ("is_unspecified", 0.5), ("resolved_in_sentence", -0.4), ("mentions", 0.1), ("in_plan", -0.01)]
    said = explain((PILLAR,), shares, {"is_head_of_problem": 1.0, "is_unspecified": 0.0, "resolved_in_sentence": 1.0, "mentions": 1.1})
    assert "Weighed most: names a problem of the list; not an unspecified code; named more than once." in said
    assert "Weighed against it: told as over." in said
    assert "HTN" not in said


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("lexicon:cardiology:high-blood-pressure", "matched by the clinical lexicon (high blood pressure)."),
        ("index:I10", "matched by the Alphabetic Index (I10)."),
        ("lexicon:obstetrics:gdm@O24.414", "matched by the clinical lexicon (gdm)."),
        ("reason:vaccine-given", "matched by a rule of reasons for an encounter (vaccine given)."),
        ("mechanism:trip", "matched by a rule of external causes (trip)."),
        ("retrieval:title:I10", "matched by likeness to title:I10 (score 1.00)."),
    ],
)
def test_where_nothing_weighed_place_and_match_are_told(source: str, said: str) -> None:
    pillar = Pillar(PILLAR.assertion, replace(PILLAR.candidate, source=source), None)
    assert explain((pillar,), [("in_plan", 0.0)], {}) == f"Named in the assessment/plan; {said}"


def test_every_feature_of_both_rankers_has_words_and_no_other() -> None:
    rows = table_rows("fhir_coder.coding", "feature_words.tsv")
    assert sorted(row["feature"] for row in rows) == sorted({*FEATURES, *MENTION_FEATURES})
    assert all(row["high"] and row["low"] and "_" not in row["high"] + row["low"] for row in rows)
