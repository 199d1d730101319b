"""Measures of coding: precision, recall and F1, and calibration, with bootstrap intervals over notes. All are micro averages over codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fhir_coder.automation import automation_curve, floors_for_precision
from fhir_coder.resampling import interval
from fhir_coder.scored import Document

BINS = 10


@dataclass(frozen=True, slots=True)
class Score:
    """Micro precision, recall and F1, with the 95 % interval of F1."""

    precision: float
    recall: float
    f1: float
    f1_low: float
    f1_high: float


def evaluate(documents: Sequence[Document]) -> dict[str, Any]:
    """Every figure as a JSON object."""
    exact = np.array([[one.predicted.keys() == one.gold, 1] for one in documents], dtype=float).reshape(-1, 2)
    return {
        "documents": len(documents),
        "gold_codes": sum(len(one.gold) for one in documents),
        "predicted_codes": sum(len(one.predicted) for one in documents),
        "exact": asdict(score(documents, lambda code: code)),
        "three_character": asdict(score(documents, lambda code: code[:3])),
        "exact_match_encounters": _share(list(exact[:, 0])),
        "exact_match_interval": interval(exact, lambda totals: float(totals[0] / totals[1])),
        "first_listed": first_listed(documents),
        "calibration": calibration(documents),
        "automation": automation_curve(documents),
        "floors": floors_for_precision(documents),
    }


def first_listed(documents: Sequence[Document]) -> dict[str, Any]:
    """How often the first-listed code is the reference's (guideline IV.G), with its interval: of all notes whose reference names one, and of
    those in which that code was assigned at all, where only the order can be wrong."""
    ordered = [one for one in documents if one.first]
    hits = np.array([[next(iter(one.predicted), "") == one.first, one.first in one.predicted, 1] for one in ordered], dtype=float).reshape(
        -1, 3
    )
    return {
        "notes": len(ordered),
        "accuracy": _share(list(hits[:, 0])),
        "interval": interval(hits, lambda totals: float(totals[0] / totals[2])),
        "notes_where_assigned": int(hits[:, 1].sum()),
        "accuracy_where_assigned": _share(list(hits[hits[:, 1] == 1, 0])),
    }


def score(documents: Sequence[Document], view: Callable[[str], str]) -> Score:
    """Micro score of the codes as seen through ``view`` (identity, or the category)."""
    rows = [_counts({view(c) for c in one.gold}, {view(c) for c in one.predicted}) for one in documents]
    counts = np.array(rows, dtype=float).reshape(-1, 3)
    low, high = interval(counts, lambda totals: _micro(totals)[2])
    precision, recall, f1 = (round(float(value), 4) for value in _micro(counts.sum(axis=0)))
    return Score(precision, recall, f1, low, high)


def _counts(gold: set[str], predicted: set[str]) -> tuple[int, int, int]:
    return len(gold & predicted), len(predicted - gold), len(gold - predicted)


def _micro(totals: np.ndarray) -> tuple[float, float, float]:
    hits, extra, missed = totals
    precision = hits / (hits + extra) if hits + extra else 0.0
    recall = hits / (hits + missed) if hits + missed else 0.0
    return precision, recall, 2 * hits / (2 * hits + extra + missed) if hits else 0.0


def calibration(documents: Sequence[Document]) -> dict[str, Any]:
    """Expected calibration error over all ranked candidates in ten equal-width bins (Naeini 2015) with its interval, and the bins. Resampled
    notes have fewer different candidates, hence a somewhat higher error: the interval leans upward."""
    counts = np.array([_bins(one) for one in documents], dtype=float).reshape(-1, BINS, 3)
    totals = counts.sum(axis=0)
    bins = [
        {"from": number / BINS, "count": int(count), "probability": round(mass / count, 4), "accuracy": round(hits / count, 4)}
        for number, (count, mass, hits) in enumerate(totals.tolist())
        if count
    ]
    low, high = interval(counts, _calibration_error)
    return {
        "candidates": int(totals[:, 0].sum()),
        "expected_calibration_error": round(_calibration_error(totals), 4),
        "error_low": low,
        "error_high": high,
        "bins": bins,
    }


def _bins(one: Document) -> np.ndarray:
    """For each bin of probability: candidates, the sum of their probabilities, right ones."""
    found = np.zeros((BINS, 3))
    for code, probability in one.ranked.items():
        found[min(int(probability * BINS), BINS - 1)] += (1, probability, code in one.gold)
    return found


def _calibration_error(totals: np.ndarray) -> float:
    return float(np.abs(totals[:, 1] - totals[:, 2]).sum() / max(1.0, totals[:, 0].sum()))


def offered_at(documents: Sequence[Document], floor: float) -> tuple[float, float, float]:
    """Micro precision, recall and F1 if every ranked code at or above the floor were assigned, before any rule."""
    rows = [_counts(set(one.gold), {code for code, probability in one.ranked.items() if probability >= floor}) for one in documents]
    precision, recall, f1 = _micro(np.array(rows, dtype=float).reshape(-1, 3).sum(axis=0))
    return round(float(precision), 4), round(float(recall), 4), round(float(f1), 4)


def _share(values: Sequence[float]) -> float:
    """Mean, or 0 of nothing."""
    return round(float(np.mean(values)), 4) if len(values) else 0.0
