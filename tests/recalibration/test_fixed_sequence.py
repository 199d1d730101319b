"""Floors tried one after another on the newest encounters: none is begun with that could not hold, and a floor below the target seldom holds."""

from __future__ import annotations

import math
import random

import pytest

from fhir_coder.confidence import Curve
from fhir_coder.recalibration.evidence import DecidedEncounter, Refused, gather
from fhir_coder.recalibration.floor import confirm
from fhir_coder.recalibration.interval import exact_interval
from tests.recalibration.decisions import outcome

TARGET = 0.9
LEVELS = (0.95, 0.9, 0.85, 0.8, 0.75, 0.7)


def newest(kept: dict[float, list[bool]]) -> tuple[DecidedEncounter, ...]:
    """One code an encounter, each with its probability and fate."""
    made = [(probability, how) for probability, fates in kept.items() for how in fates]
    return gather([outcome(number, {"I10": (one, "accepted" if how else "rejected")}) for number, (one, how) in enumerate(made)]).encounters


def test_a_safest_floor_with_too_few_codes_to_hold_does_not_end_the_sequence() -> None:
    """Of 28 codes the interval begins at 0.8766 even where all were kept; a floor lower there are 200."""
    found = confirm((0.97, 0.9, 0.8), newest({0.98: [True] * 28, 0.92: [True] * 172, 0.82: [True, False] * 50}), TARGET, Curve())
    assert (found.floor, found.codes) == (0.9, 200)


def test_a_first_floor_with_codes_enough_is_not_stepped_over() -> None:
    """However well the lower one does."""
    with pytest.raises(Refused, match=r"floor 0\.97 is not confirmed"):
        confirm((0.97, 0.9), newest({0.98: [True] * 40 + [False] * 5, 0.92: [True] * 500}), TARGET, Curve())


def test_too_few_codes_at_every_floor_are_refused_and_counted() -> None:
    with pytest.raises(Refused, match=r"30 codes from floor 0\.8 on"):
        confirm((0.97, 0.8), newest({0.98: [True] * 28, 0.82: [True] * 2}), TARGET, Curve())


def test_floors_below_the_target_hold_no_more_often_than_one_in_forty() -> None:
    """People keep codes with the precision that is wanted and no more, at every floor alike, so that each floor that holds is an error; one side of the 95 %
    interval allows 2.5 %, and three standard errors of the simulation are added. A rule that took whichever floor does well errs more than twice as often."""
    dice, rounds = random.Random(11), 400
    wrong = wrong_by_choice = 0
    for _ in range(rounds):
        drawn = [(dice.choice(LEVELS), dice.random() < TARGET) for _ in range(120)]
        wrong += is_confirmed(together(drawn))
        reaching = [[how for one, how in drawn if one >= level] for level in LEVELS]
        wrong_by_choice += any(exact_interval(sum(one), len(one))[0] >= TARGET for one in reaching)
    assert 0 < wrong / rounds <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / rounds)
    assert wrong_by_choice > 2 * wrong


def together(drawn: list[tuple[float, bool]]) -> tuple[DecidedEncounter, ...]:
    """Five codes an encounter."""
    coded = [
        {f"A0{place}": (one, "accepted" if how else "rejected") for place, (one, how) in enumerate(drawn[at : at + 5])}
        for at in range(0, len(drawn), 5)
    ]
    return gather([outcome(number, codes) for number, codes in enumerate(coded)]).encounters


def is_confirmed(encounters: tuple[DecidedEncounter, ...]) -> bool:
    try:
        confirm(LEVELS, encounters, TARGET, Curve())
    except Refused:
        return False
    return True
