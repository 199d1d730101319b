"""From the score of the trees to a probability that means what it says: right as often as it is high.

The curve is a logistic function of the score (Platt 1999) with two numbers fitted to scores of notes that the trees never saw, and stored as a
table of points with straight lines between them, so that a site can redraw it from its own decisions without touching the trees.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from fhir_coder.errors import ConfigurationError

_POINTS = tuple(step / 4 for step in range(-28, 29))
_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class Calibration:
    """Points of a curve that never falls: at ``scores[i]`` the probability is ``probabilities[i]``, level before the first and behind the last."""

    scores: tuple[float, ...]
    probabilities: tuple[float, ...]

    def probability(self, score: float) -> float:
        """The probability of a score, between its two points in proportion."""
        after = bisect_right(self.scores, score)
        if after == 0:
            return self.probabilities[0]
        if after == len(self.scores):
            return self.probabilities[-1]
        low, high = self.scores[after - 1], self.scores[after]
        share = (score - low) / (high - low)
        return self.probabilities[after - 1] + share * (self.probabilities[after] - self.probabilities[after - 1])

    def as_table(self) -> dict[str, list[float]]:
        """As the artifact has it."""
        return {"scores": list(self.scores), "probabilities": list(self.probabilities)}


def read_calibration(table: Any) -> Calibration:
    """The curve from its table; a ConfigurationError when it is none: scores that do not rise, probabilities that fall or leave 0..1."""
    try:
        scores, probabilities = tuple(map(float, table["scores"])), tuple(map(float, table["probabilities"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError("the ranker has no calibration that can be read") from error
    rises = all(low < high for low, high in pairwise(scores)) and all(low <= high for low, high in pairwise(probabilities))
    if (
        not scores
        or len(scores) != len(probabilities)
        or not rises
        or not all(0.0 <= one <= 1.0 for one in probabilities)
        or not all(map(math.isfinite, scores))
    ):
        raise ConfigurationError("the ranker's calibration is no curve that rises within 0 and 1")
    return Calibration(scores, probabilities)


def fit_calibration(scores: Sequence[float], labels: Sequence[bool]) -> Calibration:
    """The curve for scores of examples that the trees did not see, and whether each was right.

    Platt's targets stand a little inside 0 and 1, so that no probability is certain; Newton's method, in a fixed number of rounds.
    """
    known, right = np.asarray(scores, dtype=float), np.asarray(labels, dtype=bool)
    positive, negative = int(right.sum()), int((~right).sum())
    target = np.where(right, (positive + 1) / (positive + 2), 1 / (negative + 2))
    design = np.column_stack([np.ones_like(known), known])
    weights = np.zeros(2)
    for _ in range(_ROUNDS):
        expected = 1.0 / (1.0 + np.exp(np.clip(-design @ weights, -30.0, 30.0)))
        gradient = design.T @ (expected - target) + np.array([0.0, weights[1] - 1.0])
        curvature = (design * (expected * (1.0 - expected))[:, None]).T @ design + np.diag([1e-6, 1.0])
        weights = weights - np.linalg.solve(curvature, gradient)
    level, slope = float(weights[0]), max(0.0, float(weights[1]))
    return Calibration(_POINTS, tuple(round(1.0 / (1.0 + math.exp(-(level + slope * point))), 6) for point in _POINTS))
