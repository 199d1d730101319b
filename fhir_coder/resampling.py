"""Percentile bootstrap over notes (Efron 1979), seeded, so that an interval can be repeated."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

RESAMPLES = 1000
SEED = 20260401


def interval(counts: np.ndarray, statistic: Callable[[np.ndarray], float]) -> tuple[float, float]:
    """The 95 % interval of a statistic of summed counts (one row a note), notes drawn with replacement; (0, 0) of nothing."""
    if not len(counts):
        return 0.0, 0.0
    dice, size = np.random.default_rng(SEED), len(counts)
    drawn = [statistic(counts[dice.integers(0, size, size=size)].sum(axis=0)) for _ in range(RESAMPLES)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return round(float(low), 4), round(float(high), 4)
