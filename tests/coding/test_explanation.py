"""The sentence that tells a reviewer why a code was assigned."""

from __future__ import annotations

from fhir_coder.coding.explanation import explain
from fhir_coder.coding.support import Pillar
from fhir_coder.model import Assertion, Candidate, Mention, SectionKind

PILLAR = Pillar(
    Assertion(Mention("n", 0, 3, "HTN", SectionKind.ASSESSMENT, 0, 3, ("I10",))), Candidate(0, "I10", 1.0, 1.0, None, "lexicon:htn"), None
)


def test_it_names_what_decided_for_and_against_in_words() -> None:
    shares = [("is_head_of_problem", 0.9), ("is_unspecified", 0.5), ("resolved_in_sentence", -0.4), ("mentions", 0.1), ("in_plan", -0.01)]
    said = explain((PILLAR,), shares, {"is_head_of_problem": 1.0, "is_unspecified": 0.0, "resolved_in_sentence": 1.0, "mentions": 0.7})
    assert "Weighed most: is head of problem, not unspecified and mentions." in said
    assert "Weighed against it: resolved in sentence." in said
    assert "HTN" not in said


def test_where_nothing_weighed_only_the_place_is_told() -> None:
    assert explain((PILLAR,), [("in_plan", 0.0)], {}) == "Named in the assessment; matched by dictionary entry lexicon:htn."
