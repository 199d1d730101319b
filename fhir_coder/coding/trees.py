"""Regression trees as plain arrays: the sum of the leaves that a vector of features reaches, and what each feature did to it.

A node is an index into the arrays. An inner node sends a vector left when its feature is at most the threshold, and its value is the mean of
the leaves below it, weighted by the training examples that reached them; so the way from root to leaf tells what each split changed. These
path contributions (A. Saabas, "Interpreting random forests", 2014) add up to the score exactly. They are cheaper than Shapley values (Lundberg
et al., Nature Machine Intelligence 2, 2020) and favour splits near the leaves a little; in trees of a few leaves they differ little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from fhir_coder.errors import ConfigurationError

LEAF = -1
KEYS = ("feature", "threshold", "left", "right", "value")


@dataclass(frozen=True, slots=True)
class Forest:
    """All nodes of all trees in five arrays of one length; ``roots`` are where the trees begin, ``depth`` is the longest way down.

    A leaf points at itself, so that every walk may take ``depth`` steps.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray
    roots: np.ndarray
    depth: int

    @property
    def base(self) -> float:
        """The score before anything is known: the sum of the roots."""
        return math.fsum(self.value[self.roots])

    def score(self, vector: Sequence[float]) -> float:
        """The sum over the trees; exactly rounded, so that no order of addition shows in it."""
        return math.fsum(self.value[self._walk(vector)[-1]])

    def contributions(self, vector: Sequence[float], count: int) -> list[float]:
        """What each of ``count`` features changed on the way from the roots to the leaves; with ``base`` they add up to the score."""
        shares: list[list[float]] = [[] for _ in range(count)]
        steps = self._walk(vector)
        for here, there in pairwise(steps):
            went = here != there
            changes = (self.value[there] - self.value[here])[went].tolist()
            for feature, change in zip(self.feature[here][went].tolist(), changes, strict=True):
                shares[feature].append(change)
        return [math.fsum(share) for share in shares]

    def _walk(self, vector: Sequence[float]) -> list[np.ndarray]:
        """Where the vector stands in every tree, step by step."""
        known = np.asarray(vector, dtype=float)
        steps = [self.roots]
        for _ in range(self.depth):
            here = steps[-1]
            steps.append(np.where(known[self.feature[here]] <= self.threshold[here], self.left[here], self.right[here]))
        return steps


def read_forest(trees: Sequence[Any], count: int) -> Forest:
    """The forest of trees as the artifact has them (lists by ``KEYS``, nodes counted from 0 in each tree, parents before children, features
    below ``count``); a ConfigurationError when one is no such tree."""
    columns: dict[str, list[float]] = {key: [] for key in KEYS}
    roots, depth = [], 0
    for tree in trees:
        _check(tree, count)
        start = len(columns["value"])
        roots.append(start)
        depth = max(depth, _depth(tree))
        for node, feature in enumerate(tree["feature"]):
            is_leaf = feature == LEAF
            columns["feature"].append(0 if is_leaf else feature)
            columns["threshold"].append(0.0 if is_leaf else tree["threshold"][node])
            columns["left"].append(start + (node if is_leaf else tree["left"][node]))
            columns["right"].append(start + (node if is_leaf else tree["right"][node]))
            columns["value"].append(tree["value"][node])
    whole = {key: np.array(columns[key], dtype=int) for key in ("feature", "left", "right")}
    return Forest(
        threshold=np.array(columns["threshold"]), value=np.array(columns["value"]), roots=np.array(roots, dtype=int), depth=depth, **whole
    )


def _check(tree: Any, count: int) -> None:
    """Whether every walk in the tree ends, within the tree and with a finite number."""
    try:
        size = len(tree["value"])
        same_length = size > 0 and all(len(tree[key]) == size for key in KEYS)
        finite = all(math.isfinite(number) for key in KEYS for number in tree[key])
        ends = all(
            feature == LEAF or (0 <= feature < count and node < tree["left"][node] < size and node < tree["right"][node] < size)
            for node, feature in enumerate(tree["feature"])
        )
    except (KeyError, TypeError, IndexError) as error:
        raise ConfigurationError(f"the ranker has a tree that cannot be read ({type(error).__name__})") from error
    if not (same_length and finite and ends):
        raise ConfigurationError("the ranker has a tree whose nodes do not lead to a leaf")


def _depth(tree: Any) -> int:
    """Steps on the longest way from the root to a leaf."""
    depth = [0] * len(tree["value"])
    for node, feature in enumerate(tree["feature"]):
        if feature != LEAF:
            for child in (tree["left"][node], tree["right"][node]):
                depth[child] = depth[node] + 1
    return max(depth)
