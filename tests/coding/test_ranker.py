"""The ranker: a score that can be checked by hand, an artifact that must fit the features, and training that can be repeated."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from fhir_coder.coding.boosting import FALLING, RISING, boosted, grow
from fhir_coder.coding.features import FEATURES, MEANING
from fhir_coder.coding.policy import POLICIES
from fhir_coder.coding.ranker import read_ranker, shipped_ranker
from fhir_coder.coding.training import Example, by_file, by_fold, fit, rankers_left_out, write_ranker
from fhir_coder.coding.trees import read_forest
from fhir_coder.errors import ConfigurationError

ASSESSMENT, PLAN = FEATURES.index("in_assessment"), FEATURES.index("in_plan")
STUMP = {
    "feature": [ASSESSMENT, -1, -1],
    "threshold": [0.5, 0.0, 0.0],
    "left": [1, -1, -1],
    "right": [2, -1, -1],
    "value": [-0.5, -1.0, 2.0],
}
CURVE = {"scores": [-2.0, 0.0, 2.0], "probabilities": [0.1, 0.5, 0.7]}


def artifact(**changes: object) -> bytes:
    value: dict[str, object] = {"name": "test", "features": FEATURES, "meaning": MEANING, "trees": [STUMP], "calibration": CURVE}
    return json.dumps(value | changes).encode()


def features(**values: float) -> dict[str, float]:
    return dict.fromkeys(FEATURES, 0.0) | values


def made_up(count: int, seed: int = 7) -> list[Example]:
    """Notes of two hands whose codes are right where the assessment names them, with some noise."""
    generator = np.random.default_rng(seed)
    examples = []
    for note in range(count):
        for _ in range(3):
            vector = np.round(generator.random(len(FEATURES)), 6)
            vector[ASSESSMENT] = float(generator.random() < 0.5)
            right = bool(generator.random() < (0.85 if vector[ASSESSMENT] else 0.15))
            examples.append(Example(tuple(vector), right, note, "ab"[note % 2]))
    return examples


def test_the_probability_is_the_calibrated_sum_of_the_leaves() -> None:
    ranker = read_ranker(artifact(trees=[STUMP, STUMP]))
    assert ranker.score(features()) == -2.0
    assert ranker.probability(features()) == 0.1
    assert read_ranker(artifact()).probability(features()) == pytest.approx(0.3)  # halfway from 0.1 to 0.5
    assert ranker.probability(features(in_assessment=1.0)) == 0.7  # level behind the last point


def test_a_threshold_belongs_to_the_left() -> None:
    assert read_ranker(artifact()).score(features(in_assessment=0.5)) == -1.0


def test_contributions_follow_the_path_and_add_up() -> None:
    ranker = read_ranker(artifact())
    shares = ranker.contributions(features(in_assessment=1.0))
    assert shares[0] == ("in_assessment", 2.5)
    assert {share for _, share in shares[1:]} == {0.0}
    assert ranker.forest.base + sum(share for _, share in shares) == ranker.score(features(in_assessment=1.0))


@pytest.mark.parametrize(
    "changes",
    [{"features": ["something", "else"]}, {"features": FEATURES[1:]}, {"meaning": MEANING + 1}],
    ids=["other features", "fewer features", "another meaning"],
)
def test_a_ranker_for_other_features_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="fhir-coder train"):
        read_ranker(artifact(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"trees": [STUMP | {"left": [0, -1, -1]}]},
        {"trees": [STUMP | {"right": [3, -1, -1]}]},
        {"trees": [STUMP | {"feature": [len(FEATURES), -1, -1]}]},
        {"trees": [STUMP | {"value": [0.0, math.inf, 0.0]}]},
        {"trees": [STUMP | {"value": [0.0, 1.0]}]},
        {"trees": [{key: [] for key in STUMP}]},
        {"trees": [7]},
        {"trees": 7},
        {"trees": [STUMP | {"feature": ["in_plan", -1, -1]}]},
        {"calibration": None},
        {"calibration": CURVE | {"probabilities": [0.1, 0.6, 0.5]}},
        {"calibration": CURVE | {"probabilities": [0.1, 0.5, 1.5]}},
        {"calibration": CURVE | {"probabilities": [0.1, 0.5]}},
        {"calibration": CURVE | {"scores": [0.0, 0.0, 1.0]}},
        {"calibration": {"scores": [], "probabilities": []}},
    ],
    ids=str,
)
def test_a_damaged_ranker_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        read_ranker(artifact(**changes))


@pytest.mark.parametrize("data", [b"", b"\x80\x04pickle", b"[]", b"{}", artifact()[:-20]], ids=["empty", "pickle", "list", "bare", "cut"])
def test_what_is_no_artifact_is_refused(data: bytes) -> None:
    with pytest.raises(ConfigurationError, match="damaged"):
        read_ranker(data)


def test_the_version_names_the_content() -> None:
    assert read_ranker(artifact()).version != read_ranker(artifact(trees=[STUMP, STUMP])).version


@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_a_ranker_ships_for_every_policy(policy: str) -> None:
    assert shipped_ranker(policy).version.startswith(f"{policy}@")


@pytest.mark.parametrize("policy", sorted(name for name, make in POLICIES.items() if not make().reads_phrases))
def test_what_clinical_sense_demands_holds_for_the_shipped_rankers(policy: str) -> None:
    ranker, generator = shipped_ranker(policy), np.random.default_rng(1)
    for _ in range(40):
        known = {name: float(value) for name, value in zip(FEATURES, generator.choice([0.0, 0.3, 1.0, 2.0], len(FEATURES)), strict=True)}
        for name in RISING | FALLING:
            along = [ranker.probability(known | {name: value}) for value in (0.0, 0.25, 0.5, 1.0, 2.0)]
            assert all((low <= high) if name in RISING else (low >= high) for low, high in pairwise(along)), name


def test_what_must_rise_or_fall_is_a_feature_and_not_both() -> None:
    assert set(FEATURES) >= RISING | FALLING
    assert not RISING & FALLING


def test_the_evaluator_says_what_the_trainer_says() -> None:
    examples = made_up(80)
    vectors, labels = [one.vector for one in examples], [one.is_right for one in examples]
    forest, model = read_forest(grow(vectors, labels), len(FEATURES)), boosted(vectors, labels)
    others = [*vectors, *(one.vector for one in made_up(20, seed=8))]
    expected = model.predict(np.array(others), raw_score=True)
    assert [forest.score(vector) for vector in others] == pytest.approx(list(expected), abs=1e-9)


def test_training_twice_gives_the_same_bytes() -> None:
    first, second = (write_ranker("test", fit(made_up(40)), [{"file": "made up"}], 120) for _ in range(2))
    assert first == second


def test_training_learns_what_separates() -> None:
    ranker = read_ranker(write_ranker("test", fit(made_up(80)), [{"file": "made up"}], 240))
    middle = dict.fromkeys(FEATURES, 0.5)
    assert ranker.probability(middle | {"in_assessment": 1.0}) > 0.7 > 0.3 > ranker.probability(middle | {"in_assessment": 0.0})


def test_folds_keep_notes_together_and_files_are_left_out_whole() -> None:
    examples = made_up(40)
    fold = by_fold(examples)
    assert len({fold(one) for one in examples}) == 5
    assert all(len({fold(one) for one in examples if one.note == note}) == 1 for note in range(40))
    without_a = [one for one in examples if one.file == "b"]
    alone = read_ranker(write_ranker("test", fit(without_a), [], 0))
    assert rankers_left_out("test", examples, by_file)["a"].artifact == alone.artifact
