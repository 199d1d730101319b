"""The lowest floor from which people keep codes often enough: what may be tried comes from older encounters, what stands from newer ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fhir_coder.confidence import Curve
from fhir_coder.recalibration.evidence import DecidedEncounter, Refused
from fhir_coder.recalibration.interval import share_interval
from fhir_coder.recalibration.patients import by_patient

FLOORS = tuple(step / 100 for step in range(50, 100))
"""What is tried, lowest first."""


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


def sequence(older: Sequence[DecidedEncounter], target: float, curve: Curve) -> tuple[float, ...]:
    """The floors to be tried on newer encounters, in this order: from the one that is safest on the older ones down to the lowest whose interval there
    lies at the target or above it. Raises Refused where no floor's does."""
    lowest = next((floor for floor in FLOORS if _surely(older, floor, curve) >= target), None)
    if lowest is None:
        raise Refused(f"no floor up to {FLOORS[-1]} has codes kept with a precision that is surely {target:g} or more")
    safest = max((floor for floor in FLOORS if floor >= lowest), key=lambda floor: _surely(older, floor, curve))
    return tuple(floor for floor in reversed(FLOORS) if lowest <= floor <= safest)


def confirm(floors: Sequence[float], newest: Sequence[DecidedEncounter], target: float, curve: Curve) -> Reached:
    """The last of the floors that holds among encounters that their order does not come from, all before it holding too. Raises Refused where the first does not.

    As the order was fixed beforehand and the first failure ends it, that several are tried makes no error likelier (fixed sequence, Maurer et al. 1995).
    Floors that would fail whatever people did are not tried: that looks at how many codes there are and not at their fate (Tarone 1990), so the order of
    the others is as fixed as it was."""
    standing = None
    tried = _attainable(floors, newest, target, curve)
    for floor in tried:
        found = reached(newest, floor, curve)
        if found.precision_interval[0] < target:
            break
        standing = found
    if standing is None:
        low, high = found.precision_interval
        told = f"precision {low:.4f} to {high:.4f} of {found.codes} codes there, {target:g} is wanted"
        raise Refused(f"floor {tried[0]:g} is not confirmed by the newest encounters: {told}")
    return standing


def _attainable(floors: Sequence[float], newest: Sequence[DecidedEncounter], target: float, curve: Curve) -> list[float]:
    """The floors from which there are so many codes that their interval lay at the target or above it if every one had been kept. Raises Refused where
    there is none."""
    counts = {floor: _counts(newest, floor, curve)[:, 1] for floor in floors}
    found = [floor for floor in floors if share_interval(counts[floor], counts[floor])[0] >= target]
    if not found:
        most = int(max(codes.sum() for codes in counts.values()))
        raise Refused(
            f"too few decisions: the newest encounters have {most} codes from floor {floors[-1]:g} on, too few for a precision of {target:g}"
        )
    return found


def _surely(encounters: Sequence[DecidedEncounter], floor: float, curve: Curve) -> float:
    """The lower end of the interval of the precision from a floor on."""
    counts = _counts(encounters, floor, curve)
    return share_interval(counts[:, 0], counts[:, 1])[0]


def reached(encounters: Sequence[DecidedEncounter], floor: float, curve: Curve) -> Reached:
    """What reaches a floor."""
    counts = _counts(encounters, floor, curve)
    kept, codes, decided, passing, exact, number = (float(one) for one in counts.sum(axis=0))
    return Reached(
        floor,
        int(codes),
        _share(codes, decided),
        _share(kept, codes),
        share_interval(counts[:, 0], counts[:, 1]),
        _share(passing, number),
        _share(exact, passing),
        share_interval(counts[:, 4], counts[:, 3]),
    )


def _counts(encounters: Sequence[DecidedEncounter], floor: float, curve: Curve) -> np.ndarray:
    """One row a patient: kept codes at the floor, decided codes at it, all decided; encounters that pass, that pass exactly right, all."""
    return by_patient(encounters, np.array([_row(one, floor, curve) for one in encounters], dtype=float).reshape(-1, 6))


def _row(one: DecidedEncounter, floor: float, curve: Curve) -> tuple[int, ...]:
    high = [code for code in one.codes if curve.of(code.probability) >= floor]
    passes = bool(one.all_codes) and all(curve.of(probability) >= floor for probability in one.all_codes)
    return sum(code.is_kept for code in high), len(high), len(one.codes), passes, passes and one.is_exact, 1


def _share(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0
