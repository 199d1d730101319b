"""Scored documents to ranked codes, the same way for every index: best document of each code, ties by code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

#: Scores are rounded to so many places; beyond that, two machines may differ.
PLACES = 5


class Ranked(NamedTuple):
    """A code with its score in 0..1 and the source of the document that earned it."""

    code: str
    score: float
    source: str


def best_by_code(
    rows: npt.NDArray[np.int64], scores: npt.NDArray[np.float64], codes: Sequence[str], sources: Sequence[str], k: int
) -> list[Ranked]:
    """The ``k`` best codes among the rows, each with its best row (the first of equals), highest score first, ties by code."""
    best: dict[str, Ranked] = {}
    for row, score in zip(rows.tolist(), scores.tolist(), strict=True):
        rounded = round(min(max(score, 0.0), 1.0), PLACES)
        code = codes[row]
        known = best.get(code)
        if known is None or rounded > known.score:
            best[code] = Ranked(code, rounded, sources[row])
    return sorted(best.values(), key=lambda ranked: (-ranked.score, ranked.code))[:k]
