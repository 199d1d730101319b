"""The interval that floors rest on errs no more often than it says: counted out for independent codes, simulated where codes of a patient are alike."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import bdtrc

from fhir_coder.recalibration.interval import TAIL, effective_number, exact_interval, share_interval

TARGETS = [target / 100 for target in range(50, 100)]
NUMBERS = [*range(20, 60), 72, 73, 100, 144, 200, 333, 500, 700, 1000, 1500, 2000]
Bound = Callable[[int, int], float]


def low(kept: int, codes: int) -> float:
    """The lower end where each code is of a patient of its own."""
    return share_interval(np.arange(codes) < kept, np.ones(codes))[0]


def wilson(kept: int, codes: int) -> float:
    """The lower end of the score interval (Wilson 1927)."""
    z, share = 1.959964, kept / codes
    half = z * math.sqrt(share * (1 - share) / codes + z * z / (4 * codes * codes))
    return (share + z * z / (2 * codes) - half) / (1 + z * z / codes)


def error(bound: Bound, target: float, codes: int) -> float:
    """How often the lower end lies at the target or above it, of codes that are kept with just that precision: the worst that is not above it."""
    least = bisect_left(range(codes + 1), target, key=lambda kept: bound(kept, codes))
    return float(bdtrc(least - 1, codes, target)) if 0 < least <= codes else float(least == 0)


def test_no_target_is_met_by_chance_more_often_than_one_in_forty() -> None:
    """Exactly, not by simulation: the sum of the binomial probabilities of all counts whose interval lies at the target or above."""
    errors = {(target, codes): error(low, target, codes) for target in TARGETS for codes in NUMBERS}
    assert max(errors.values()) <= TAIL
    assert max(share for (_, codes), share in errors.items() if codes == 2000) > 0.8 * TAIL  # nor is it far too wide
    scores = {target: max(error(wilson, target, codes) for codes in NUMBERS) for target in TARGETS}
    assert min(scores[target] for target in TARGETS if target <= 0.8) > TAIL  # where the score interval errs too often


@pytest.mark.parametrize(("kept", "codes"), [(0, 20), (13, 20), (72, 73), (950, 1000)])
def test_ends_are_rounded_outward_and_the_ends_of_counts_that_are_not_kept_are_theirs(kept: int, codes: int) -> None:
    of_kept = share_interval(np.arange(codes) < kept, np.ones(codes))
    of_others = share_interval(np.arange(codes) >= kept, np.ones(codes))
    assert of_others == pytest.approx((1 - of_kept[1], 1 - of_kept[0]), abs=1e-9)
    exact = exact_interval(kept, codes)
    assert of_kept[0] <= exact[0] <= kept / codes <= exact[1] <= of_kept[1]


def test_a_share_of_one_is_not_taken_for_certain() -> None:
    """0.95 to the power of 72 is 0.0249 and of 71 it is 0.0262."""
    assert low(72, 72) >= 0.95 > low(71, 71) and low(36, 36) >= 0.9 > low(35, 35)
    assert exact_interval(8, 10) == pytest.approx((0.4439, 0.9748), abs=0.0001)
    assert share_interval(np.empty(0), np.empty(0)) == (0.0, 1.0)


def test_cases_of_one_patient_alone_tell_nothing_and_of_patients_that_are_alike_as_much_as_cases_apart() -> None:
    assert share_interval(np.array([40.0, 0.0]), np.array([40.0, 0.0])) == (0.0, 1.0)
    alike = np.full(20, 5.0)
    assert effective_number(0.8 * alike, alike) == 100
    parted = np.where(np.arange(20) < 16, 5.0, 0.0)
    assert effective_number(parted, alike) == pytest.approx(
        19 * (1.984 / 2.093) ** 2, abs=0.02
    )  # Student's t of 99 and of 19 degrees of freedom


def errors_of(target: float, likeness: float, patients: int, rounds: int) -> tuple[float, float]:
    """Shares of rounds in which the interval, and one that takes codes as independent, lies at the target that is the true precision. Each patient has
    one to about six codes, kept with a probability of its own from a beta distribution with this correlation of two codes of a patient."""
    dice = np.random.default_rng(31)
    total = (1 - likeness) / likeness
    together = apart = 0
    for _ in range(rounds):
        codes = 1.0 + dice.poisson(2.5, size=patients)
        kept = dice.binomial(codes.astype(int), dice.beta(target * total, (1 - target) * total, size=patients))
        together += share_interval(kept, codes)[0] >= target
        apart += exact_interval(kept.sum(), codes.sum())[0] >= target
    return together / rounds, apart / rounds


def test_codes_of_a_patient_that_are_alike_are_not_taken_for_independent() -> None:
    together, apart = errors_of(0.9, 0.3, 120, 2000)
    assert 0 < together <= TAIL + 3 * math.sqrt(TAIL * (1 - TAIL) / 2000)
    assert apart > 2 * together


@pytest.mark.soak
@pytest.mark.parametrize("patients", [60, 120, 300])
@pytest.mark.parametrize("likeness", [0.1, 0.3])
@pytest.mark.parametrize("target", [0.8, 0.9, 0.95])
def test_likeness_of_codes_costs_little_of_the_level(target: float, likeness: float, patients: int) -> None:
    """The interval is an approximation there, and errs up to one and a half times as often as it says where two codes of a patient are as alike as 0.3."""
    together, apart = errors_of(target, likeness, patients, 10_000)
    print(f"\ntarget {target}, correlation {likeness}, {patients} patients: {together:.4f}; codes taken as independent: {apart:.4f}")
    assert together <= 1.5 * TAIL + 3 * math.sqrt(TAIL * (1 - TAIL) / 10_000) and together <= apart
