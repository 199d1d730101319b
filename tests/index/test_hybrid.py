from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.dense import DenseIndex
from index.hybrid import Hit, fuse
from index.lexical import LexicalIndex, build_postings, load_postings, save_postings
from index.ranking import Ranked

A, B, C = Ranked("A00", 1.0, "title:A00"), Ranked("B00", 0.5, "term:B00"), Ranked("C00", 0.5, "lexicon:c")


@pytest.mark.parametrize(
    ("lexical", "dense", "expected"),
    [
        ([], [], []),
        ([A, B], [], [Hit("A00", 0.7, 1.0, None, "title:A00"), Hit("B00", 0.35, 0.5, None, "term:B00")]),
        ([], [A], [Hit("A00", 0.3, None, 1.0, "title:A00")]),
        ([A], [A], [Hit("A00", 1.0, 1.0, 1.0, "title:A00")]),
        ([C], [B], [Hit("C00", 0.35, 0.5, None, "lexicon:c"), Hit("B00", 0.15, None, 0.5, "term:B00")]),
        ([C, B], [], [Hit("B00", 0.35, 0.5, None, "term:B00"), Hit("C00", 0.35, 0.5, None, "lexicon:c")]),
    ],
)
def test_fusion(lexical: list[Ranked], dense: list[Ranked], expected: list[Hit]) -> None:
    assert fuse(lexical, dense, 10) == expected


RANKED = st.lists(
    st.builds(Ranked, st.sampled_from(["A00", "B00", "C00", "D00"]), st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.just("title:x")),
    unique_by=lambda ranked: ranked.code,
)


@given(RANKED, RANKED)
def test_fusion_loses_and_invents_no_code_and_ignores_the_order_of_its_lists(lexical: list[Ranked], dense: list[Ranked]) -> None:
    hits = fuse(lexical, dense, 10)
    assert {hit.code for hit in hits} == {ranked.code for ranked in (*lexical, *dense)}
    assert hits == fuse(lexical[::-1], dense[::-1], 10)
    assert hits == sorted(hits, key=lambda hit: (-hit.score, hit.code))
    assert all(0.0 <= hit.score <= 1.0 for hit in hits)


TEXTS = ("Essential hypertension", "Pain in right knee", "Pain in left knee", "Fracture of foot", "Knee pain")
CODES = ("A00", "B00", "C00", "D00", "E00")


def lexical_index() -> LexicalIndex:
    return LexicalIndex(build_postings(TEXTS), CODES, [f"title:{code}" for code in CODES])


@pytest.mark.parametrize(
    ("query", "code"), [("hypertension, essential", "A00"), ("Right Knee Pains", "B00"), ("fractured foot", "D00"), ("pain knee", "E00")]
)
def test_the_same_words_score_one(query: str, code: str) -> None:
    best = lexical_index().search([query], 3)[0][0]
    assert (best.code, best.score) == (code, 1.0)


def test_unknown_words_lower_the_score_and_find_nothing_alone() -> None:
    (partly, nothing, empty) = lexical_index().search(["essential hypertension zzz", "zzz", ""], 3)
    assert partly[0].code == "A00"
    assert 0.3 < partly[0].score < 0.9
    assert nothing == empty == []


def test_equal_scores_are_ordered_by_code() -> None:
    assert [ranked.code for ranked in lexical_index().search(["knee"], 3)[0]] == ["E00", "B00", "C00"]


def test_postings_survive_storage(tmp_path) -> None:
    stored = build_postings(TEXTS)
    save_postings(stored, tmp_path)
    again = LexicalIndex(load_postings(tmp_path), CODES, CODES)
    assert again.search(["knee pain", "foot"], 5) == LexicalIndex(stored, CODES, CODES).search(["knee pain", "foot"], 5)


def test_dense_search_takes_the_best_row_of_each_code_and_breaks_ties_by_code() -> None:
    vectors = np.eye(4, dtype=np.float32)[[0, 1, 1, 2]]
    index = DenseIndex(vectors, ["A00", "A00", "B00", "C00"], ["title:A00", "term:A00", "title:B00", "title:C00"])
    query = np.array([[0.6, 0.8, 0.0, 0.0]], dtype=np.float32)
    assert index.search(query, 2) == [[Ranked("A00", 0.8, "term:A00"), Ranked("B00", 0.8, "title:B00")]]
    assert index.score(query[0], ["C00", "A00", "Z99"]) == [Ranked("A00", 0.8, "term:A00"), Ranked("C00", 0.0, "title:C00")]


def test_a_dense_result_does_not_depend_on_the_batch() -> None:
    random = np.random.default_rng(7)
    vectors = random.normal(size=(200, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    codes = [f"A{row:02}" for row in range(200)]
    index = DenseIndex(vectors, codes, codes)
    alone = [index.search(vectors[row : row + 1], 5)[0] for row in range(40)]
    assert index.search(vectors[:40], 5) == alone
