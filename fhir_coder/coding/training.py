"""Fitting the ranker: one example for each code offered in each note, right or wrong by the reference codes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from fhir_coder.coding.features import FEATURES, as_vector, code_features
from fhir_coder.coding.policy import CodingPolicy
from fhir_coder.coding.support import gather_support
from fhir_coder.model import Candidates
from terminology.release import Release

SEED = 20260401
FOLDS = 5
SCALE_FLOOR = 0.25
FLOORS = (0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Example:
    """Features of one code offered in one note (``group``), and whether the reference has it."""

    vector: tuple[float, ...]
    is_right: bool
    group: int


def examples_of(candidates: Candidates, release: Release, policy: CodingPolicy, reference: frozenset[str], group: int) -> list[Example]:
    """The examples of one note."""
    offers = gather_support(candidates, release.codebook, policy)
    features = code_features(offers, candidates.assertions, release.codebook, policy.weighs_place)
    return [Example(tuple(as_vector(features[code])), code in reference, group) for code in sorted(offers.pillars)]


def fit(examples: list[Example]) -> dict[str, Any]:
    """Standardise and fit an L2-regularised logistic model; deterministic for the same examples."""
    from sklearn.linear_model import LogisticRegression

    matrix = np.array([example.vector for example in examples])
    labels = np.array([example.is_right for example in examples])
    # A feature that hardly varies in these notes must not swing a note in which it does: the scale has a floor.
    means, scales = matrix.mean(axis=0), np.maximum(matrix.std(axis=0), SCALE_FLOOR)
    model = LogisticRegression(C=0.3, max_iter=2000, random_state=SEED).fit((matrix - means) / scales, labels)
    return {
        "means": [round(float(value), 8) for value in means],
        "scales": [round(float(value), 8) for value in scales],
        "weights": [round(float(value), 8) for value in model.coef_[0]],
        "intercept": round(float(model.intercept_[0]), 8),
    }


def out_of_fold(examples: list[Example]) -> str:
    """Five-fold figures by note, for several probability floors: how the ranker does on notes it was not fitted on."""
    scored = _scored_out_of_fold(examples)
    lines = ["out of fold, codes offered: floor, precision, recall, F1"]
    for floor in FLOORS:
        hits = sum(right for probability, right in scored if probability >= floor)
        assigned = sum(probability >= floor for probability, _ in scored)
        right = sum(right for _, right in scored)
        lines.append(f"  {floor:.2f}  {hits / max(1, assigned):.3f}  {hits / max(1, right):.3f}  {2 * hits / max(1, assigned + right):.3f}")
    return "\n".join(lines)


def _scored_out_of_fold(examples: list[Example]) -> list[tuple[float, bool]]:
    """Probability and truth of every example, scored by a model that saw neither it nor its note."""
    groups = np.array([example.group for example in examples])
    fold_of = {group: position % FOLDS for position, group in enumerate(np.random.default_rng(SEED).permutation(np.unique(groups)))}
    scored = []
    for fold in range(FOLDS):
        model = fit([example for example in examples if fold_of[example.group] != fold])
        held_out = (example for example in examples if fold_of[example.group] == fold)
        scored += [(1.0 / (1.0 + float(np.exp(-_odds(model, example.vector)))), example.is_right) for example in held_out]
    return scored


def _odds(model: dict[str, Any], vector: tuple[float, ...]) -> float:
    standardised = (np.array(vector) - model["means"]) / model["scales"]
    return float(model["intercept"] + standardised @ np.array(model["weights"]))


def write_ranker(policy: str, model: dict[str, Any], sources: list[str], count: int) -> bytes:
    """The artifact as JSON."""
    return (json.dumps({"name": policy, "features": FEATURES, "trained_on": sources, "examples": count, **model}, indent=1) + "\n").encode()
