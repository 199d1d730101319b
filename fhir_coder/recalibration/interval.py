"""The interval of a share whose cases go together by patient: exact for cases that are independent, wider where those of a patient are alike.

Clopper and Pearson's interval (1934), which no share undercovers, on the effective number of cases of Korn and Graubard (Survey Methodology 24, 1998,
193-201): as many independent cases as would leave the same doubt. NCHS presents proportions by it (Parker et al., Vital Health Stat 2(175), 2017).
"""

from __future__ import annotations

import math

import numpy as np

TAIL = 0.025
"""What either side of a two-sided interval of 95 % errs at the most."""
_STEPS = 10_000
"""Ends are told in four digits, rounded outward: rounded to the nearest, one could lie above what it stands for."""


def share_interval(parts: np.ndarray, wholes: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of the share ``sum(parts) / sum(wholes)``, one row a patient; everything, of nothing and of cases of one patient alone."""
    parts, wholes = parts[wholes > 0].astype(float), wholes[wholes > 0].astype(float)
    if len(wholes) < 2:
        return 0.0, 1.0
    share, effective = float(parts.sum() / wholes.sum()), effective_number(parts, wholes)
    low, high = exact_interval(share * effective, effective)
    return math.floor(low * _STEPS) / _STEPS, math.ceil(high * _STEPS) / _STEPS


def effective_number(parts: np.ndarray, wholes: np.ndarray) -> float:
    """Independent cases that leave as much doubt of the share as these of at least two patients do, and no more than there are.

    The variance is of a ratio over patients (linearised); that it is estimated, from so few patients, is what the quantiles of Student's t make up
    for. Where all patients have the same share, as where every case has the same fate, the cases are taken as independent."""
    cases, patients = wholes.sum(), len(wholes)
    share = parts.sum() / cases
    variance = patients / (patients - 1) * np.square((parts - share * wholes) / cases).sum()
    if not variance:
        return float(cases)
    from scipy.special import stdtrit  # the server, which only reads calibrations, does without

    correction = stdtrit(cases - 1, 1 - TAIL) / stdtrit(patients - 1, 1 - TAIL)
    return float(min(cases, share * (1 - share) / variance * correction**2))


def exact_interval(part: float, whole: float) -> tuple[float, float]:
    """Clopper and Pearson's interval of 95 % of ``part`` in ``whole``, which need be no whole numbers."""
    from scipy.special import betaincinv  # as above

    low = float(betaincinv(part, whole - part + 1, TAIL)) if part > 0 else 0.0
    return low, float(betaincinv(part + 1, whole - part, 1 - TAIL)) if part < whole else 1.0
