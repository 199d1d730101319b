"""Shares with their intervals, and quantiles: small numbers are shown as small, and nothing is divided by zero."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_Z = 1.959963984540054
"""The 97.5 % point of the standard normal distribution: two-sided intervals of 95 %."""


@dataclass(frozen=True, slots=True)
class Share:
    """``part`` of ``of``."""

    part: int
    of: int

    @property
    def value(self) -> float | None:
        """Between 0 and 1; None of nothing."""
        return self.part / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The Wilson score interval of 95 % (E. B. Wilson, J. Am. Stat. Assoc. 22, 1927, 209-212), which holds for few cases and at the ends;
        None of nothing."""
        if not self.of:
            return None
        share, weight = self.part / self.of, _Z * _Z / self.of
        middle = (share + weight / 2) / (1 + weight)
        half = _Z * math.sqrt(share * (1 - share) / self.of + weight / (4 * self.of)) / (1 + weight)
        return min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half))


def quantile(values: Sequence[float], share: float) -> float | None:
    """The value below which the share lies, between neighbours by straight line (Hyndman and Fan 1996, type 7); None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
