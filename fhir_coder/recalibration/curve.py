"""Probabilities drawn anew from a site's decisions: a logistic function of the log odds, with two numbers (Platt 1999).

Such a curve never changes which of two codes is the likelier; it changes what the numbers mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fhir_coder.confidence import Curve
from fhir_coder.recalibration.evidence import DecidedEncounter, Refused
from fhir_coder.recalibration.patients import by_patient
from fhir_coder.resampling import interval

BINS = 10
_ROUNDS = 200
_LONGEST = 1.0
"""Of a step in either number: from far away Newton's method else goes further off."""
_STILL = 1e-6
"""Of the last step: the curve is found."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How well probabilities mean what they say, each with its 95 % interval over patients: the mean squared error (Brier 1950), and the expected
    calibration error over :data:`BINS` bins of equal width. Lower is better."""

    brier: float
    brier_interval: tuple[float, float]
    error: float
    error_interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Refit:
    """A curve with its quality over held-out encounters before and after. ``gain_interval`` is of the fall of the Brier score."""

    curve: Curve
    before: Quality
    after: Quality
    gain_interval: tuple[float, float]


def refit(fitted: Sequence[DecidedEncounter], held_out: Sequence[DecidedEncounter]) -> Refit:
    """The curve of the older encounters, judged on the newest. Raises Refused where it is not surely better there."""
    curve = fit(fitted)
    rows = np.array([[_brier(one, Curve()), _brier(one, curve), len(one.codes)] for one in held_out]).reshape(-1, 3)
    gain = interval(by_patient(held_out, rows), lambda totals: float((totals[0] - totals[1]) / totals[2]))
    if gain[0] <= 0:
        raise Refused(
            f"the redrawn probabilities are not surely better on held-out encounters: the Brier score falls by {gain[0]:.4f} to {gain[1]:.4f}"
        )
    return Refit(curve, quality(held_out, Curve()), quality(held_out, curve), gain)


def fit(encounters: Sequence[DecidedEncounter]) -> Curve:
    """Maximum likelihood by Newton's method, in a fixed number of rounds; a curve that falls is refused (Refused), and one that is not found.

    As in Platt 1999 what is aimed at is not 0 and 1 but the share that one more code of either fate would leave: where a probability parts kept codes from
    the others without exception, the likeliest curve is else a step of no finite slope."""
    decided = [code for one in encounters for code in one.codes]
    odds = np.array([Curve.log_odds(one.probability) for one in decided])
    kept = np.array([one.is_kept for one in decided])
    aims = np.where(kept, (kept.sum() + 1.0) / (kept.sum() + 2.0), 1.0 / ((~kept).sum() + 2.0))
    design, weights = np.column_stack([np.ones_like(odds), odds]), np.array([0.0, 1.0])
    for _ in range(_ROUNDS):
        expected = 1.0 / (1.0 + np.exp(-np.clip(design @ weights, -30.0, 30.0)))
        curvature = (design * (expected * (1.0 - expected))[:, None]).T @ design + np.diag([1e-6, 1e-6])
        step = np.linalg.solve(curvature, design.T @ (aims - expected))
        weights = weights + step * min(1.0, _LONGEST / float(np.abs(step).max(initial=_LONGEST)))
    if np.abs(step).max() > _STILL or round(float(weights[1]), 4) <= 0:
        raise Refused("people keep likelier codes no more often than others: there is no curve to draw")
    return Curve(round(float(weights[0]), 4), round(float(weights[1]), 4))


def quality(encounters: Sequence[DecidedEncounter], curve: Curve) -> Quality:
    """How well the probabilities of a curve mean what they say."""
    rows = np.array([[_brier(one, curve), len(one.codes), *_bins(one, curve)] for one in encounters])
    totals, drawn = rows.sum(axis=0), by_patient(encounters, rows)
    return Quality(
        round(_mean(totals), 4), interval(drawn, _mean), round(_calibration_error(totals), 4), interval(drawn, _calibration_error)
    )


def _brier(encounter: DecidedEncounter, curve: Curve) -> float:
    return math.fsum((curve.of(one.probability) - one.is_kept) ** 2 for one in encounter.codes)


def _bins(encounter: DecidedEncounter, curve: Curve) -> list[float]:
    """What people kept less what was promised, by bin: the sum over a set of encounters tells how far a bin is off."""
    found = [0.0] * BINS
    for one in encounter.codes:
        probability = curve.of(one.probability)
        found[min(BINS - 1, int(probability * BINS))] += one.is_kept - probability
    return found


def _mean(totals: np.ndarray) -> float:
    return float(totals[0] / totals[1])


def _calibration_error(totals: np.ndarray) -> float:
    return float(np.abs(totals[2:]).sum() / totals[1])
