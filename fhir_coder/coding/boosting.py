"""Growing the trees: gradient boosting (Friedman 2001) by LightGBM, small and strongly regularised, because our notes are few and others differ.

Each split tries one threshold a feature, drawn at random (extremely randomised trees, Geurts 2006): on notes of hands that the trees did not
see that was better than the best threshold. One thread, fixed seeds and ``deterministic``: the same examples give the same trees, bit for bit on
one machine class. ``RISING`` and ``FALLING`` are what clinical sense demands of every tree, so that no accident of the training notes can
turn it round.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fhir_coder.coding.case_reports.features import MENTION_FEATURES
from fhir_coder.coding.features import FEATURES

SEED = 20260401
ROUNDS = 600
PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 6,
    "max_depth": 4,
    "min_data_in_leaf": 8,
    "lambda_l2": 5.0,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "extra_trees": True,
    "monotone_constraints_method": "advanced",
    "max_bin": 63,
    "use_missing": False,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "seed": SEED,
    "verbosity": -1,
}
CASE_REPORTS: dict[str, Any] = PARAMETERS | {"learning_rate": 0.08, "num_leaves": 16, "max_depth": 6, "min_data_in_leaf": 30}
"""Case reports are many and alike, so their trees may be larger."""
CASE_REPORT_ROUNDS = 200
RISING = frozenset(
    {
        "in_assessment",
        "in_plan",
        "in_chief_complaint",
        "in_present_illness",
        "is_head_of_problem",
        "is_start_of_statement",
        "is_addressed",
        "statement_share",
        "head_share",
        "mentions",
        "lexicon_match",
        "title_match",
        "lexical_score",
        "dense_score",
        "lead_over_next",
        "is_status_head",
        "external_cause_with_injury",
        "in_conclusion",
        "match_length",
        "cared_for_in_sentence",
        "course_in_sentence",
        "title_words_named",
        "in_first_line",
        "opens_line",
        "stands_alone_in_line",
        "cared_for_in_line",
        "is_longest_in_statement",
        "is_first_in_statement",
        "kinds_of_sections",
        "is_chronic",
        "goes_with_diagnosis",
        "told_as_cause",
        "reason_as_told",
    }
)
FALLING = frozenset(
    {
        "in_review_of_systems",
        "retrieved_only",
        "retrieved_beside_dictionary",
        "symptom_beside_diagnosis",
        "detail_told_beside",
        "specified_sibling",
        "negated_elsewhere",
        "uncertain_elsewhere",
        "only_before_test_words",
        "only_as_purpose",
        "resolved_in_sentence",
        "place_among_problems",
        "codes_in_statement",
        "codes_of_category",
        "category_named_in_assessment",
        "symptom_of_diagnosed_system",
        "only_in_summary",
    }
)


def recipe(names: Sequence[str]) -> tuple[dict[str, Any], int]:
    """Parameters and rounds for a set of features."""
    return (CASE_REPORTS, CASE_REPORT_ROUNDS) if tuple(names) == MENTION_FEATURES else (PARAMETERS, ROUNDS)


def grow(vectors: Sequence[Sequence[float]], labels: Sequence[bool], names: Sequence[str] = FEATURES) -> list[dict[str, list]]:
    """The trees that tell right codes from wrong ones by their features (in the order of ``names``), as the artifact has them."""
    model = boosted(vectors, labels, names)
    return [_plain(tree["tree_structure"]) for tree in model.dump_model()["tree_info"]]


def boosted(vectors: Sequence[Sequence[float]], labels: Sequence[bool], names: Sequence[str] = FEATURES) -> Any:
    """The trainer's own model."""
    import lightgbm

    parameters, rounds = recipe(names)
    signs = [int(name in RISING) - int(name in FALLING) for name in names]
    data = lightgbm.Dataset(
        np.asarray(vectors, dtype=float),
        np.asarray(labels, dtype=int),
        feature_name=list(names),
        params={"max_bin": parameters["max_bin"], "min_data_in_bin": 1},
    )
    return lightgbm.train({**parameters, "min_data_in_bin": 1, "monotone_constraints": signs}, data, rounds)


def trainer() -> str:
    """Name and version of the trainer, for the artifact."""
    import lightgbm

    return f"lightgbm {lightgbm.__version__}"


def _plain(root: dict[str, Any]) -> dict[str, list]:
    """One tree as arrays, parents before children. Thresholds lie between two values of six decimals: eight decimals keep their sides."""
    tree: dict[str, list] = {"feature": [], "threshold": [], "left": [], "right": [], "value": []}
    _lay_down(root, tree)
    return tree


def _lay_down(node: dict[str, Any], tree: dict[str, list]) -> tuple[int, int]:
    """Append a node and all below it; its index and how many examples reached it."""
    here = len(tree["value"])
    is_leaf = "split_feature" not in node
    tree["feature"].append(-1 if is_leaf else node["split_feature"])
    tree["threshold"].append(0.0 if is_leaf else round(node["threshold"], 8))
    for key in ("left", "right"):
        tree[key].append(-1)
    tree["value"].append(round(node["leaf_value"], 12) if is_leaf else 0.0)
    if is_leaf:
        return here, node.get("leaf_count", 1)
    (left, lighter), (right, heavier) = (_lay_down(node[side], tree) for side in ("left_child", "right_child"))
    tree["left"][here], tree["right"][here] = left, right
    total = lighter + heavier
    tree["value"][here] = round((tree["value"][left] * lighter + tree["value"][right] * heavier) / max(1, total), 6)
    return here, total
