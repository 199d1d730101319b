"""The ranker: features of a code to the probability that a coder would assign it. One interface, one artifact.

The artifact is JSON (``rankers/<policy>.json``): the names of its features, small trees as plain arrays, and a calibration table, so that a
score can be checked by hand. It is written by ``fhir-coder train``; a site may train its own, or only calibrate anew, and name it in the
settings later.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from fhir_coder.coding.calibration import Calibration, read_calibration
from fhir_coder.coding.trees import Forest, read_forest
from fhir_coder.coding.weighing import FEATURE_SETS
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
class TreeRanker:
    """Boosted trees with a calibration. ``names`` are the features that the trees count by position."""

    version: str
    names: tuple[str, ...]
    forest: Forest = field(repr=False)
    calibration: Calibration = field(repr=False)
    artifact: bytes = field(repr=False)

    def probability(self, features: Mapping[str, float]) -> float:
        """The calibrated probability of the trees' score."""
        return self.calibration.probability(self.score(features))

    def score(self, features: Mapping[str, float]) -> float:
        """What the trees say, in log odds before the calibration."""
        return self.forest.score([features[name] for name in self.names])

    def contributions(self, features: Mapping[str, float]) -> list[tuple[str, float]]:
        """Each feature's share of the score (path contributions, see :mod:`.trees`), strongest first, ties by name."""
        shares = self.forest.contributions([features[name] for name in self.names], len(self.names))
        return sorted(zip(self.names, shares, strict=True), key=lambda item: (-abs(item[1]), item[0]))


def read_ranker(data: bytes) -> TreeRanker:
    """A ranker from its artifact; a ConfigurationError when it is damaged or was made for other features."""
    try:
        artifact = json.loads(data)
        name, names, meaning, trees = artifact["name"], tuple(artifact["features"]), artifact["meaning"], list(artifact["trees"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ConfigurationError("the ranker is damaged: not the JSON that fhir-coder train writes") from error
    if (names, meaning) not in FEATURE_SETS:
        raise ConfigurationError("the ranker was trained on other features than this version computes; run fhir-coder train")
    version = f"{name}@{sha256(data).hexdigest()[:12]}"
    return TreeRanker(version, names, read_forest(trees, len(names)), read_calibration(artifact.get("calibration")), data)


def shipped_ranker(policy: str) -> TreeRanker:
    """The ranker that ships for a coding policy."""
    return read_ranker(knowledge_of("fhir_coder.coding").joinpath("rankers", f"{policy}.json").read_bytes())
