"""Which encounters are drawn for a second review: at random, so that nobody who codes can tell beforehand which."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import SystemRandom

_RANDOM = SystemRandom()


class Sampler:
    """``shares`` are the probabilities by tenant; ``random`` gives numbers from 0 to below 1, of the operating system unless a test brings its own."""

    def __init__(self, shares: Mapping[str, float], random: Callable[[], float] = _RANDOM.random) -> None:
        self._shares = shares
        self._random = random

    def __call__(self, tenant: str) -> bool:
        """Whether this one is drawn. A tenant without a share draws none."""
        return self._random() < self._shares.get(tenant, 0.0)
