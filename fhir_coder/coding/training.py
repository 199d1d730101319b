"""Fitting the ranker: one example for each code offered in each note, right or wrong by the reference codes.

Codes of one note are alike, and so are notes of one hand; a fair judge of the ranker has seen neither. So the folds keep a note together, and
where there are several files (each from other hands) one whole file is left out at a time, and the calibration is fitted to what came of that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fhir_coder.coding.boosting import SEED, grow, recipe, trainer
from fhir_coder.coding.calibration import Calibration, fit_calibration
from fhir_coder.coding.examination_findings import WITH_FINDINGS
from fhir_coder.coding.features import FEATURES
from fhir_coder.coding.policy import CodingPolicy
from fhir_coder.coding.ranker import TreeRanker, read_ranker
from fhir_coder.coding.trees import read_forest
from fhir_coder.coding.weighing import FEATURE_SETS, feature_set, weigh
from fhir_coder.model import Candidates
from terminology.release import Release

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Example:
    """Features of one code offered in one note (``note`` counts them), whether the reference has it, and the file that it came from."""

    vector: tuple[float, ...]
    is_right: bool
    note: int
    file: str


@dataclass(frozen=True, slots=True)
class Model:
    """Trees as the artifact has them, their calibration, and the features that they count by position."""

    trees: list[dict[str, list]]
    calibration: Calibration
    names: tuple[str, ...] = FEATURES


Split = Callable[[Example], Hashable]


def examples_of(
    candidates: Candidates, release: Release, policy: CodingPolicy, reference: frozenset[str], note: int, file: str
) -> list[Example]:
    """The examples of one note. An examination is offered as one without findings and becomes the other by rule: it is right as either."""
    offers, features = weigh(candidates, release.codebook, policy)
    names, _ = feature_set(policy)
    right = {code for code in offers.pillars if not reference.isdisjoint({code, WITH_FINDINGS.get(code, code)})}
    return [Example(tuple(features[code][name] for name in names), code in right, note, file) for code in sorted(offers.pillars)]


def fit(examples: Sequence[Example], names: tuple[str, ...] = FEATURES) -> Model:
    """Trees on all examples, and the calibration from scores of examples by trees that saw neither their file nor (of one file) their fold."""
    split = by_file if len({example.file for example in examples}) > 1 else by_fold(examples)
    held_out = [pair for part in _parts(examples, split) for pair in _scores(examples, split, part, names)]
    calibration = fit_calibration([score for score, _ in held_out], [right for _, right in held_out])
    return Model(_grow(examples, names), calibration, names)


def by_file(example: Example) -> str:
    """Leaves one file out at a time."""
    return example.file


def by_fold(examples: Sequence[Example]) -> Split:
    """Leaves one of five folds of notes out at a time, drawn by seed."""
    notes = sorted({example.note for example in examples})
    fold_of = {notes[place]: position % FOLDS for position, place in enumerate(np.random.default_rng(SEED).permutation(len(notes)))}
    return lambda example: fold_of[example.note]


def rankers_left_out(
    policy: str, examples: Sequence[Example], split: Split, names: tuple[str, ...] = FEATURES
) -> dict[Hashable, TreeRanker]:
    """For each part of the split, a ranker fitted and calibrated without it: what it says of that part is a fair measure."""
    return {
        part: read_ranker(write_ranker(policy, fit([one for one in examples if split(one) != part], names), [], 0))
        for part in _parts(examples, split)
    }


def _parts(examples: Sequence[Example], split: Split) -> list[Any]:
    return sorted({split(example) for example in examples}, key=str)


def _scores(examples: Sequence[Example], split: Split, part: Hashable, names: tuple[str, ...]) -> list[tuple[float, bool]]:
    """Score and truth of the examples of one part by trees grown without it."""
    forest = read_forest(_grow([one for one in examples if split(one) != part], names), len(names))
    return [(forest.score(example.vector), example.is_right) for example in examples if split(example) == part]


def _grow(examples: Sequence[Example], names: tuple[str, ...]) -> list[dict[str, list]]:
    return grow([example.vector for example in examples], [example.is_right for example in examples], names)


def write_ranker(policy: str, model: Model, sources: Sequence[Mapping[str, str]], count: int) -> bytes:
    """The artifact as JSON, a tree a line. ``sources`` names the files of the ``count`` examples."""
    parameters, rounds = recipe(model.names)
    head = {
        "name": policy,
        "trainer": trainer(),
        "seed": SEED,
        "rounds": rounds,
        "parameters": parameters,
        "trained_on": list(sources),
        "examples": count,
        "meaning": dict(FEATURE_SETS)[model.names],
        "features": model.names,
        "calibration": model.calibration.as_table(),
    }
    lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    trees = ",\n".join(f"  {json.dumps(tree)}" for tree in model.trees)
    return ("{\n" + ",\n".join(lines) + ',\n "trees": [\n' + trees + "\n ]\n}\n").encode()
