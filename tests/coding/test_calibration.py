"""The calibration: a curve that rises, drawn so that probabilities mean what they say."""

from __future__ import annotations

import numpy as np
import pytest

from fhir_coder.coding.calibration import Calibration, fit_calibration, read_calibration


def test_between_two_points_in_proportion_and_level_outside() -> None:
    curve = Calibration((-1.0, 1.0), (0.2, 0.6))
    assert [curve.probability(score) for score in (-5.0, -1.0, 0.0, 0.5, 1.0, 9.0)] == pytest.approx([0.2, 0.2, 0.4, 0.5, 0.6, 0.6])


def test_scores_that_are_too_sure_are_drawn_in() -> None:
    generator = np.random.default_rng(3)
    scores = generator.normal(0.0, 3.0, 2000)
    labels = generator.random(2000) < 1 / (1 + np.exp(-scores / 3))  # the truth is three times less sure
    curve = fit_calibration(scores, labels)
    assert curve.probability(3.0) == pytest.approx(1 / (1 + np.exp(-1)), abs=0.05)
    assert curve.probability(-3.0) == pytest.approx(1 / (1 + np.exp(1)), abs=0.05)


def test_scores_that_mislead_give_a_level_curve_and_never_a_falling_one() -> None:
    curve = fit_calibration([-2.0, -1.0, 1.0, 2.0] * 25, [True, True, False, False] * 25)
    assert curve.probability(-2.0) == pytest.approx(curve.probability(2.0)) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("right", [True, False])
def test_nothing_is_certain_even_if_all_examples_agree(right: bool) -> None:
    assert 0.0 < fit_calibration([0.0] * 20, [right] * 20).probability(0.0) < 1.0


def test_the_table_reads_back() -> None:
    curve = fit_calibration([-1.0, 0.0, 1.0] * 10, [False, True, True] * 10)
    assert read_calibration(curve.as_table()) == curve
