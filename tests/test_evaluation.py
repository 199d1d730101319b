"""Measures of coding against figures worked out by hand."""

from __future__ import annotations

import pytest

from fhir_coder.evaluation import Document, automation_curve, calibration, evaluate, score

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
    assert figures["expected_calibration_error"] == pytest.approx((2 / 3) * 0.25 + (1 / 3) * 0.25, abs=1e-3)


def test_automation_curve_counts_codes_and_whole_encounters() -> None:
    at_09 = next(row for row in automation_curve([ONE_RIGHT_ONE_EXTRA, ONE_MISSED]) if row["probability"] == 0.9)
    assert at_09["codes"] == pytest.approx(1 / 3, abs=1e-4)
    assert at_09["code_precision"] == 1.0
    assert at_09["encounters"] == 0.0


def test_the_same_documents_give_the_same_intervals() -> None:
    assert evaluate([ONE_RIGHT_ONE_EXTRA, ONE_MISSED]) == evaluate([ONE_RIGHT_ONE_EXTRA, ONE_MISSED])
