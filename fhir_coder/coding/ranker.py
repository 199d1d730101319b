"""The ranker: features of a code to the probability that a coder would assign it. One interface, one artifact.

The artifact is JSON (``rankers/<policy>.json``): a standardised logistic model with its feature names, so that a score can be checked by
hand. It is written by ``fhir-coder train``; a site may train its own and name it in the settings later.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from fhir_coder.coding.features import FEATURES
from fhir_coder.errors import ConfigurationError
from terminology.knowledge import knowledge_of


class Ranker(Protocol):
    """Scores one code of one encounter."""

    @property
    def version(self) -> str:
        """Name and content hash, recorded with every encounter."""

    @property
    def artifact(self) -> bytes:
        """The file it was read from, kept with the codings made with it."""

    def probability(self, features: Mapping[str, float]) -> float:
        """Calibrated probability in 0..1."""

    def contributions(self, features: Mapping[str, float]) -> list[tuple[str, float]]:
        """Features with their share of the log odds, strongest first."""


@dataclass(frozen=True, slots=True)
class LogisticRanker:
    """Standardised logistic regression."""

    version: str
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float
    artifact: bytes = field(repr=False)

    def probability(self, features: Mapping[str, float]) -> float:
        """Logistic function of the weighted, standardised features."""
        odds = self.intercept + sum(share for _, share in self._shares(features))
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, odds))))

    def contributions(self, features: Mapping[str, float]) -> list[tuple[str, float]]:
        """Each feature's share of the log odds, strongest first, ties by name."""
        return sorted(self._shares(features), key=lambda item: (-abs(item[1]), item[0]))

    def _shares(self, features: Mapping[str, float]) -> list[tuple[str, float]]:
        rows = zip(FEATURES, self.means, self.scales, self.weights, strict=True)
        return [(name, weight * (features[name] - mean) / scale) for name, mean, scale, weight in rows]


def read_ranker(data: bytes) -> LogisticRanker:
    """A ranker from its artifact; a ConfigurationError when it was made for other features."""
    artifact = json.loads(data)
    if tuple(artifact["features"]) != FEATURES:
        raise ConfigurationError("the ranker was trained on other features than this version computes; run fhir-coder train")
    version = f"{artifact['name']}@{sha256(data).hexdigest()[:12]}"
    means, scales, weights = (tuple(artifact[key]) for key in ("means", "scales", "weights"))
    return LogisticRanker(version, means, scales, weights, artifact["intercept"], data)


def shipped_ranker(policy: str) -> LogisticRanker:
    """The ranker that ships for a coding policy."""
    return read_ranker(knowledge_of("fhir_coder.coding").joinpath("rankers", f"{policy}.json").read_bytes())
