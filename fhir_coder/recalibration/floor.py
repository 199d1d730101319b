"""The lowest floor from which people keep codes often enough, found on older encounters and confirmed on newer ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fhir_coder.confidence import Curve
from fhir_coder.recalibration.evidence import DecidedEncounter, Refused
from fhir_coder.resampling import interval

FLOORS = tuple(step / 100 for step in range(50, 100))
"""What is tried, lowest first."""
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Reached:
    """What reaches a floor. ``precision``: of the decided codes that do, the share that people kept, with its 95 % interval; ``codes``: how many do, and
    ``codes_share`` of all decided ones. ``encounters_share`` would pass by probability alone; ``exact_share`` of these were signed as proposed."""

    floor: float
    codes: int
    codes_share: float
    precision: float
    precision_interval: tuple[float, float]
    encounters_share: float
    exact_share: float
    exact_interval: tuple[float, float]


def lowest_floor(encounters: Sequence[DecidedEncounter], target: float, curve: Curve) -> Reached:
    """The lowest of :data:`FLOORS` whose interval lies at the target or above it. Raises Refused where none does."""
    for floor in FLOORS:
        kept, codes = _counts(encounters, floor, curve).sum(axis=0)[:2]
        if codes and kept / codes >= target:  # the interval takes time, and cannot lie above a share that lies below
            found = reached(encounters, floor, curve)
            if found.precision_interval[0] >= target:
                return found
    raise Refused(f"no floor up to {FLOORS[-1]} has codes kept with a precision that is surely {target:g} or more")


def confirm(found: Reached, held_out: Sequence[DecidedEncounter], target: float, curve: Curve) -> Reached:
    """What reaches the floor among encounters that it was not found on. Raises Refused where the interval there begins below the target."""
    again = reached(held_out, found.floor, curve)
    if again.precision_interval[0] < target:
        low, high = again.precision_interval
        raise Refused(
            f"floor {found.floor:g} is not confirmed by the newest encounters: precision {low:.4f} to {high:.4f} there, {target:g} is wanted"
        )
    return again


def reached(encounters: Sequence[DecidedEncounter], floor: float, curve: Curve) -> Reached:
    """What reaches a floor."""
    counts = _counts(encounters, floor, curve)
    kept, codes, decided, passing, exact, number = (float(one) for one in counts.sum(axis=0))
    return Reached(
        floor,
        int(codes),
        _share(codes, decided),
        _share(kept, codes),
        _surely(counts[:, :2], kept, codes),
        _share(passing, number),
        _share(exact, passing),
        _surely(counts[:, [4, 3]], exact, passing),
    )


def wilson(part: float, whole: float) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927); everything, of nothing."""
    if not whole:
        return 0.0, 1.0
    share, spread = part / whole, _Z * _Z / whole
    half = _Z * math.sqrt(share * (1.0 - share) / whole + spread / (4.0 * whole))
    return max(0.0, (share + spread / 2.0 - half) / (1.0 + spread)), min(1.0, (share + spread / 2.0 + half) / (1.0 + spread))


def _surely(counts: np.ndarray, part: float, whole: float) -> tuple[float, float]:
    """The wider of two intervals on either side: drawing encounters minds that codes of one encounter go together, but sees no doubt in a share of 1."""
    drawn = interval(counts, lambda totals: float(totals[0] / totals[1]) if totals[1] else 0.0)
    scored = wilson(part, whole)
    return round(min(drawn[0], scored[0]), 4), round(max(drawn[1], scored[1]), 4)


def _counts(encounters: Sequence[DecidedEncounter], floor: float, curve: Curve) -> np.ndarray:
    """One row an encounter: kept codes at the floor, decided codes at it, all decided; whether it passes, passes exactly right; 1."""
    return np.array([_row(one, floor, curve) for one in encounters], dtype=float).reshape(-1, 6)


def _row(one: DecidedEncounter, floor: float, curve: Curve) -> tuple[int, ...]:
    high = [code for code in one.codes if curve.of(code.probability) >= floor]
    passes = bool(one.all_codes) and all(curve.of(probability) >= floor for probability in one.all_codes)
    return sum(code.is_kept for code in high), len(high), len(one.codes), passes, passes and one.is_exact, 1


def _share(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0
