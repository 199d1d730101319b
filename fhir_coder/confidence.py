"""From the ranker's probability to the confidence that a code passes on: the same number, unless a site has drawn it anew from its own decisions."""

from __future__ import annotations

import math
from dataclasses import dataclass

_LEAST = 1e-4
_FARTHEST = 700.0
"""Log odds beyond which the exponential has no number."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A logistic function of the log odds of a probability. ``level`` 0 and ``slope`` 1 leave every probability as it is."""

    level: float = 0.0
    slope: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.level) and math.isfinite(self.slope) and self.slope > 0):
            raise ValueError("a curve of confidence rises")

    def of(self, probability: float) -> float:
        """The confidence in a code of that probability."""
        if self == _IDENTITY or not math.isfinite(probability):
            return probability
        odds = self.level + self.slope * self.log_odds(probability)
        return 1.0 / (1.0 + math.exp(-odds)) if odds >= 0 else 1.0 - 1.0 / (1.0 + math.exp(max(odds, -_FARTHEST)))

    @staticmethod
    def log_odds(probability: float) -> float:
        """The log odds, of a probability that is kept a ten thousandth inside 0 and 1: it is stored with four digits."""
        inside = min(1.0 - _LEAST, max(_LEAST, probability))
        return math.log(inside / (1.0 - inside))


_IDENTITY = Curve()
