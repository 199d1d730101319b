"""Coding policies: what kind of coding a caller asks for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CodingPolicy:
    """``name`` is also the ranker's; ``codes_history`` lets a past condition of the patient's own carry its code;
    ``combines`` applies the combination rules; ``weighs_place`` lets the section and the problem statement count (a corpus coded mention
    by mention does not care where a condition is named); ``assign_probability`` is the lowest probability of an assignment."""

    name: str
    codes_history: bool
    combines: bool
    weighs_place: bool
    assign_probability: float


def outpatient(assign_probability: float = 0.4) -> CodingPolicy:
    """Claims for outpatient encounters: Official Guidelines, Section IV."""
    return CodingPolicy("outpatient", codes_history=False, combines=True, weighs_place=True, assign_probability=assign_probability)


def every_mention(assign_probability: float = 0.4) -> CodingPolicy:
    """Every asserted mention, history and symptoms included: for corpora that were coded mention by mention."""
    return CodingPolicy("mentions", codes_history=True, combines=False, weighs_place=False, assign_probability=assign_probability)


POLICIES = {"outpatient": outpatient, "mentions": every_mention}
