"""Coding policies: what kind of coding a caller asks for."""

from __future__ import annotations

from dataclasses import dataclass, field

from fhir_coder.coding.case_reports.learned import LearnedPhrases, shipped_phrases


@dataclass(frozen=True, slots=True)
class CodingPolicy:
    """``name`` is also the ranker's; ``codes_history`` lets a past condition of the patient's own carry its code;
    ``combines`` applies the combination rules; ``weighs_place`` lets the section and the problem statement count (a corpus coded mention
    by mention does not care where a condition is named); ``assign_probability`` is the lowest probability of an assignment. ``reads_phrases``
    looks every phrase of the note up, denied ones too, and leaves the choice to the ranker; ``learned`` are phrases learned from case reports,
    or None to do without."""

    name: str
    codes_history: bool
    combines: bool
    weighs_place: bool
    assign_probability: float
    reads_phrases: bool = False
    learned: LearnedPhrases | None = field(default=None, compare=False, repr=False)


def outpatient(assign_probability: float = 0.4) -> CodingPolicy:
    """Claims for outpatient encounters: Official Guidelines, Section IV."""
    return CodingPolicy("outpatient", codes_history=False, combines=True, weighs_place=True, assign_probability=assign_probability)


def every_mention(assign_probability: float = 0.4) -> CodingPolicy:
    """Every mention, history, symptoms and denied ones included: for corpora that were coded mention by mention."""
    return _case_reports("mentions", assign_probability, shipped_phrases())


def every_mention_unlearned(assign_probability: float = 0.4) -> CodingPolicy:
    """The same by the dictionary and retrieval alone: what the learned phrases are worth is the difference."""
    return _case_reports("mentions-unlearned", assign_probability, None)


def _case_reports(name: str, assign_probability: float, learned: LearnedPhrases | None) -> CodingPolicy:
    return CodingPolicy(
        name,
        codes_history=True,
        combines=False,
        weighs_place=False,
        assign_probability=assign_probability,
        reads_phrases=True,
        learned=learned,
    )


POLICIES = {"outpatient": outpatient, "mentions": every_mention, "mentions-unlearned": every_mention_unlearned}
