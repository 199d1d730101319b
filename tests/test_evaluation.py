"""Measures of coding against figures worked out by hand."""

from __future__ import annotations

import pytest

from fhir_coder.automation import automation_curve, floors_for_precision
from fhir_coder.evaluation import calibration, evaluate, first_listed, score
from fhir_coder.scored import Document

ONE_RIGHT_ONE_EXTRA = Document(frozenset({"I10"}), {"I10": 0.9, "E11.9": 0.6}, {"I10": 0.9, "E11.9": 0.6, "R05.9": 0.1})
ONE_MISSED = Document(frozenset({"E11.22"}), {"E11.9": 0.8}, {"E11.9": 0.8})


def test_micro_scores() -> None:
    figures = score([ONE_RIGHT_ONE_EXTRA, ONE_MISSED], lambda code: code)
    assert figures.precision == pytest.approx(1 / 3, abs=1e-4)
    assert figures.recall == pytest.approx(1 / 2, abs=1e-4)
    assert figures.f1 == pytest.approx(2 / 5, abs=1e-4)
    assert figures.f1_low <= figures.f1 <= figures.f1_high


def test_three_character_scores_forgive_the_rest_of_the_code() -> None:
    assert score([ONE_MISSED], lambda code: code[:3]).f1 == 1.0


def test_nothing_assigned_scores_zero_without_an_error() -> None:
    assert score([Document(frozenset({"I10"}), {}, {})], lambda code: code).f1 == 0.0


def test_calibration_error_is_the_weighted_gap() -> None:
    documents = [Document(frozenset({"A"}), {}, {"A": 0.75, "B": 0.75, "C": 0.25})]
    figures = calibration(documents)
    assert figures["candidates"] == 3
    assert figures["expected_calibration_error"] == pytest.approx(0.25, abs=1e-4)  # in either bin
    assert figures["error_low"] <= figures["expected_calibration_error"] <= figures["error_high"]


def test_a_probability_of_one_falls_into_the_last_bin() -> None:
    assert calibration([Document(frozenset({"A"}), {}, {"A": 1.0})])["bins"] == [
        {"from": 0.9, "count": 1, "probability": 1.0, "accuracy": 1.0}
    ]


def test_automation_curve_counts_codes_and_whole_encounters() -> None:
    at_09 = next(row for row in automation_curve([ONE_RIGHT_ONE_EXTRA, ONE_MISSED]) if row["probability"] == 0.9)
    assert at_09["codes"] == pytest.approx(1 / 3, abs=1e-4)
    assert at_09["code_precision"] == 1.0
    assert at_09["encounters"] == 0.0


def test_the_floor_for_a_precision_is_the_lowest_that_reaches_it() -> None:
    documents = [
        Document(frozenset({"A", "B"}), {"A": 0.9, "B": 0.8}, {}),  # passes, exactly right
        Document(frozenset({"C", "D"}), {"C": 0.8}, {}),  # passes, misses one code
        Document(frozenset({"E"}), {"E": 0.95, "F": 0.5}, {}),  # does not pass
        Document(frozenset({"G"}), {}, {}),  # nothing to pass
    ]
    for target in floors_for_precision(documents):
        assert target["probability"] == 0.8
        assert target["codes"] == pytest.approx(4 / 5)
        assert target["code_precision"] == 1.0
        assert target["encounters"] == pytest.approx(2 / 4)
        assert target["encounters_exact"] == pytest.approx(1 / 2)
        assert target["missed_codes"] == pytest.approx(1 / 4)
        assert target["codes_interval"][0] <= target["codes"] <= target["codes_interval"][1]


def test_codes_of_one_probability_stand_or_fall_together() -> None:
    documents = [Document(frozenset({"A"}), {"A": 0.8, "B": 0.8}, {})]
    assert [target["probability"] for target in floors_for_precision(documents)] == [None, None]


def test_no_note_gives_no_figure_and_no_error() -> None:
    assert evaluate([])["documents"] == 0


def test_the_same_documents_give_the_same_intervals() -> None:
    assert evaluate([ONE_RIGHT_ONE_EXTRA, ONE_MISSED]) == evaluate([ONE_RIGHT_ONE_EXTRA, ONE_MISSED])


def test_first_listed_counts_order_apart_from_what_was_missed() -> None:
    both = {"I10": 0.9, "E11.9": 0.8}
    documents = [
        Document(frozenset(both), both, {}, "I10"),  # right
        Document(frozenset(both), both, {}, "E11.9"),  # assigned, in the second place
        Document(frozenset({"J45.909"}), both, {}, "J45.909"),  # missed
        Document(frozenset(), {}, {}),  # nothing to be first
    ]
    figures = first_listed(documents)
    assert (figures["notes"], figures["notes_where_assigned"]) == (3, 2)
    assert figures["accuracy"] == pytest.approx(1 / 3, abs=1e-4)
    assert figures["accuracy_where_assigned"] == 0.5
    assert first_listed([])["accuracy"] == 0.0
