"""Measures of coding: precision, recall and F1 with bootstrap intervals, calibration, and the automation curve.

All are micro averages over codes. Intervals are percentile bootstrap over documents (Efron 1979), seeded, so that a figure can be repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fhir_coder.model import CodedEncounter

RESAMPLES = 1000
SEED = 20260401
BINS = 10


@dataclass(frozen=True, slots=True)
class Document:
    """One scored document: gold codes, and predicted codes with their probability, assigned ones only.

    ``ranked`` holds every candidate that was ranked, assigned or not, with its probability: the population of the calibration figure.
    """

    gold: frozenset[str]
    predicted: dict[str, float]
    ranked: dict[str, float]


@dataclass(frozen=True, slots=True)
class Score:
    """Micro precision, recall and F1, with the 95 % interval of F1."""

    precision: float
    recall: float
    f1: float
    f1_low: float
    f1_high: float


def document_of(coded: CodedEncounter, gold: frozenset[str]) -> Document:
    """A coded encounter beside its reference codes. A rejected code without probability was never ranked."""
    predicted = {one.code: one.probability for one in coded.assignments}
    ranked = {one.code: one.probability for one in coded.rejected if one.probability > 0} | predicted
    return Document(gold, predicted, ranked)


def evaluate(documents: Sequence[Document]) -> dict[str, Any]:
    """Every figure as a JSON object."""
    return {
        "documents": len(documents),
        "gold_codes": sum(len(one.gold) for one in documents),
        "predicted_codes": sum(len(one.predicted) for one in documents),
        "exact": asdict(score(documents, lambda code: code)),
        "three_character": asdict(score(documents, lambda code: code[:3])),
        "exact_match_encounters": _share([set(one.predicted) == set(one.gold) for one in documents]),
        "calibration": calibration(documents),
        "automation": automation_curve(documents),
    }


def score(documents: Sequence[Document], view: Any) -> Score:
    """Micro score of the codes as seen through ``view`` (identity, or the category)."""
    counts = np.array([_counts({view(c) for c in one.gold}, {view(c) for c in one.predicted}) for one in documents], dtype=float).reshape(
        -1, 3
    )
    precision, recall, f1 = _micro(counts.sum(axis=0))
    generator = np.random.default_rng(SEED)
    picks = generator.integers(0, len(counts), size=(RESAMPLES, len(counts))) if len(counts) else np.zeros((1, 0), dtype=int)
    resampled = [_micro(counts[pick].sum(axis=0))[2] for pick in picks]
    low, high = np.percentile(resampled, [2.5, 97.5])
    return Score(*(round(float(value), 4) for value in (precision, recall, f1, low, high)))


def _counts(gold: set[str], predicted: set[str]) -> tuple[int, int, int]:
    return len(gold & predicted), len(predicted - gold), len(gold - predicted)


def _micro(totals: np.ndarray) -> tuple[float, float, float]:
    hits, extra, missed = totals
    precision = hits / (hits + extra) if hits + extra else 0.0
    recall = hits / (hits + missed) if hits + missed else 0.0
    return precision, recall, 2 * hits / (2 * hits + extra + missed) if hits else 0.0


def calibration(documents: Sequence[Document]) -> dict[str, Any]:
    """Expected calibration error over all ranked candidates in ten equal-width bins (Naeini 2015), with the bins."""
    pairs = [(probability, code in one.gold) for one in documents for code, probability in one.ranked.items()]
    bins: list[dict[str, float]] = []
    error = 0.0
    for number in range(BINS):
        inside = [pair for pair in pairs if min(int(pair[0] * BINS), BINS - 1) == number]
        if not inside:
            continue
        confidence, accuracy = _share([p for p, _ in inside]), _share([hit for _, hit in inside])
        error += abs(confidence - accuracy) * len(inside) / len(pairs)
        bins.append({"from": number / BINS, "count": len(inside), "probability": confidence, "accuracy": accuracy})
    return {"candidates": len(pairs), "expected_calibration_error": round(error, 4), "bins": bins}


def automation_curve(documents: Sequence[Document]) -> list[dict[str, float]]:
    """For each probability floor: the share of assigned codes at or above it, their precision, and the same for whole encounters.

    An encounter counts as automated when all its assigned codes reach the floor; its precision is that of its code set being exactly right.
    """
    assigned = [(probability, code in one.gold) for one in documents for code, probability in one.predicted.items()]
    curve = []
    for floor in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95):
        codes = [hit for probability, hit in assigned if probability >= floor]
        whole = [set(one.predicted) == set(one.gold) for one in documents if one.predicted and min(one.predicted.values()) >= floor]
        curve.append(
            {
                "probability": floor,
                "codes": round(len(codes) / len(assigned), 4) if assigned else 0.0,
                "code_precision": _share(codes),
                "encounters": round(len(whole) / len(documents), 4) if documents else 0.0,
                "encounters_exact": _share(whole),
            }
        )
    return curve


def _share(values: Sequence[float]) -> float:
    """Mean, or 0 of nothing."""
    return round(float(np.mean(values)), 4) if len(values) else 0.0
