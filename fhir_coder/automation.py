"""How much could pass without a person: the probability floor from which assigned codes are right often enough, and what passes there.

An encounter passes a floor when something is assigned and all of it reaches the floor. Whether it is exactly right, and how many of its reference
codes it lacks, tells what passing would cost: a code that nobody assigned has no probability that could stop it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from fhir_coder.resampling import interval
from fhir_coder.scored import Document

FLOORS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
TARGETS = (0.90, 0.95)


@dataclass(frozen=True, slots=True)
class Passing:
    """What reaches a floor: of the assigned codes, their share and precision; of the encounters, the share that passes, and of those that pass
    the share exactly right and the share of their reference codes that is missing."""

    probability: float
    codes: float
    code_precision: float
    encounters: float
    encounters_exact: float
    missed_codes: float


def automation_curve(documents: Sequence[Document]) -> list[dict[str, float]]:
    """What reaches each of ``FLOORS``."""
    return [asdict(_passing(floor, _counts(documents, floor).sum(axis=0))) for floor in FLOORS]


def floors_for_precision(documents: Sequence[Document]) -> list[dict[str, Any]]:
    """For each of ``TARGETS`` the lowest floor from which the assigned codes are at least so precise (None: no floor is), what reaches it, and
    95 % intervals over notes of those shares. The floor is chosen on the same notes: on others its precision will be a little lower."""
    found: list[dict[str, Any]] = []
    for target in TARGETS:
        floor = _lowest_floor(documents, target)
        if floor is None:
            found.append({"precision": target, "probability": None})
            continue
        found.append({"precision": target, **_with_intervals(floor, _counts(documents, floor))})
    return found


def _with_intervals(floor: float, counts: np.ndarray) -> dict[str, Any]:
    """What reaches the floor, each share with its interval."""
    figures: dict[str, Any] = asdict(_passing(floor, counts.sum(axis=0)))
    shares = [name for name in figures if name != "probability"]
    return figures | {f"{name}_interval": interval(counts, partial(_share_at, floor, name)) for name in shares}


def _share_at(floor: float, name: str, totals: np.ndarray) -> float:
    return float(getattr(_passing(floor, totals), name))


def _lowest_floor(documents: Sequence[Document], target: float) -> float | None:
    assigned = sorted(((probability, code in one.gold) for one in documents for code, probability in one.predicted.items()), reverse=True)
    right, lowest = 0, None
    for number, (probability, hit) in enumerate(assigned, 1):
        right += hit
        is_last_of_its_height = number == len(assigned) or assigned[number][0] < probability
        if is_last_of_its_height and right / number >= target:
            lowest = probability
    return lowest


def _counts(documents: Sequence[Document], floor: float) -> np.ndarray:
    """One row a note: assigned codes, those at the floor, the right ones of them; 1, whether it passes, exactly right; its gold codes and the
    missing ones of these when it passes."""
    return np.array([_row(one, floor) for one in documents], dtype=float).reshape(-1, 8)


def _row(one: Document, floor: float) -> tuple[int, ...]:
    high = [code for code, probability in one.predicted.items() if probability >= floor]
    passes = bool(high) and len(high) == len(one.predicted)
    exact, missed = one.predicted.keys() == one.gold, one.gold - one.predicted.keys()
    return (
        len(one.predicted),
        len(high),
        len(one.gold.intersection(high)),
        1,
        passes,
        passes and exact,
        passes * len(one.gold),
        passes * len(missed),
    )


def _passing(floor: float, totals: np.ndarray) -> Passing:
    assigned, high, right, notes, passing, exact, gold, missed = (float(one) for one in totals)
    return Passing(
        round(floor, 4), _ratio(high, assigned), _ratio(right, high), _ratio(passing, notes), _ratio(exact, passing), _ratio(missed, gold)
    )


def _ratio(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0
