"""The ranker: a score that can be checked by hand, and an artifact that must fit the features."""

from __future__ import annotations

import json
import math

import pytest

from fhir_coder.coding.features import FEATURES
from fhir_coder.coding.policy import POLICIES
from fhir_coder.coding.ranker import read_ranker, shipped_ranker
from fhir_coder.coding.training import Example, fit, write_ranker
from fhir_coder.errors import ConfigurationError


def artifact(**changes: object) -> bytes:
    value = {
        "name": "test",
        "features": FEATURES,
        "means": [0.0] * len(FEATURES),
        "scales": [1.0] * len(FEATURES),
        "weights": [1.0, *[0.0] * (len(FEATURES) - 1)],
        "intercept": -1.0,
    }
    return json.dumps(value | changes).encode()


def features(**values: float) -> dict[str, float]:
    return dict.fromkeys(FEATURES, 0.0) | values


def test_probability_is_the_logistic_function_of_the_weighted_features() -> None:
    ranker = read_ranker(artifact())
    assert ranker.probability(features()) == pytest.approx(1 / (1 + math.e))
    assert ranker.probability(features(in_assessment=1.0)) == pytest.approx(0.5)


def test_contributions_come_strongest_first() -> None:
    assert read_ranker(artifact()).contributions(features(in_assessment=2.0))[0] == ("in_assessment", 2.0)


def test_a_ranker_for_other_features_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="fhir-coder train"):
        read_ranker(artifact(features=["something", "else"]))


def test_the_version_names_the_content() -> None:
    assert read_ranker(artifact()).version != read_ranker(artifact(intercept=0.0)).version


@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_a_ranker_ships_for_every_policy(policy: str) -> None:
    assert shipped_ranker(policy).version.startswith(f"{policy}@")


def test_training_is_deterministic_and_learns_what_separates() -> None:
    examples = [
        Example(tuple(float(place == 0 and right) for place in range(len(FEATURES))), right, number)
        for number, right in enumerate([True, False] * 20)
    ]
    model = fit(examples)
    assert model == fit(examples)
    ranker = read_ranker(write_ranker("test", model, ["made up"], len(examples)))
    assert ranker.probability(features(in_assessment=1.0)) > 0.8 > 0.2 > ranker.probability(features())
