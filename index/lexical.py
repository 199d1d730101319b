"""Nearest documents by words: how much of the meaning-bearing words of query and document is common to both.

Each stem weighs its inverse document frequency as in BM25 (S. Robertson, H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and
Beyond", 2009, section 3.1). Titles hold no word twice and hardly differ in length, so instead of BM25's term frequency and length terms the
score is a weighted Dice coefficient: twice the common weight over the weight of both sides. It lies in 0..1 and is 1 for the same words.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.ranking import Ranked, best_by_code
from index.stemming import stems

_ROWS_PER_CODE = 4
_SPARE_ROWS = 64

POSTINGS_FILE = "postings.npz"
VOCABULARY_FILE = "vocabulary.json"


@dataclass(frozen=True, slots=True)
class Postings:
    """The documents each stem occurs in. The rows of stem ``i`` are ``rows[offsets[i]:offsets[i + 1]]``, ``idf[i]`` is its weight and
    ``weights`` holds the summed weight of each document; ``unseen`` is the weight of a stem in no document.
    """

    vocabulary: dict[str, int]
    rows: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    idf: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]
    unseen: float


def build_postings(texts: Sequence[str]) -> Postings:
    """Index the texts; their place in the sequence is their row."""
    occurrences: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        for stem in stems(text):
            occurrences.setdefault(stem, []).append(row)
    names = sorted(occurrences)
    counts = np.array([len(occurrences[name]) for name in names], dtype=np.float64)
    idf = _inverse_frequency(counts, len(texts)).astype(np.float32)
    weights = np.zeros(len(texts), dtype=np.float32)
    for name, weight in zip(names, idf, strict=True):
        weights[occurrences[name]] += weight
    rows = np.array([row for name in names for row in occurrences[name]], dtype=np.int32)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    unseen = float(_inverse_frequency(np.zeros(1), len(texts))[0])
    return Postings({name: place for place, name in enumerate(names)}, rows, offsets, idf, weights, unseen)


def _inverse_frequency(counts: npt.NDArray[np.float64], total: int) -> npt.NDArray[np.float64]:
    """BM25's inverse document frequency, kept above zero."""
    return np.asarray(np.log1p((total - counts + 0.5) / (counts + 0.5)))


class LexicalIndex:
    """Search by words over documents that are ordered by code."""

    def __init__(self, postings: Postings, codes: Sequence[str], sources: Sequence[str]) -> None:
        self._postings = postings
        self._codes = codes
        self._sources = sources

    def search(self, queries: Sequence[str], k: int) -> list[list[Ranked]]:
        """The ``k`` best codes for each query that share a word with it, ties by code."""
        return [self._search_one(query, k) for query in queries]

    def _search_one(self, query: str, k: int) -> list[Ranked]:
        """Gather the common weight of every document from the postings, then the coefficient."""
        common, query_weight = self._common_weight(query)
        matching = np.flatnonzero(common)
        scores = 2.0 * common[matching] / (query_weight + self._postings.weights[matching].astype(np.float64))
        chosen = _highest(scores, k * _ROWS_PER_CODE + _SPARE_ROWS)
        return best_by_code(matching[chosen], scores[chosen], self._codes, self._sources, k)

    def _common_weight(self, query: str) -> tuple[npt.NDArray[np.float64], float]:
        """For each document the weight of the stems it shares with the query, and the weight of the query itself."""
        postings = self._postings
        common = np.zeros(len(postings.weights), dtype=np.float64)
        total = 0.0
        for stem in sorted(stems(query)):
            place = postings.vocabulary.get(stem)
            if place is None:
                total += postings.unseen
                continue
            weight = float(postings.idf[place])
            common[postings.rows[postings.offsets[place] : postings.offsets[place + 1]]] += weight
            total += weight
        return common, total


def _highest(scores: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.int64]:
    """Places of the highest scores, in order of place; all that tie with the last are kept, so that the cut is never arbitrary."""
    if len(scores) <= count:
        return np.arange(len(scores))
    limit = np.partition(scores, len(scores) - count)[len(scores) - count]
    return np.flatnonzero(scores >= limit)


def save_postings(postings: Postings, folder: Path) -> None:
    """Write the postings as plain arrays and a list of stems."""
    np.savez(
        folder / POSTINGS_FILE,
        rows=postings.rows,
        offsets=postings.offsets,
        idf=postings.idf,
        weights=postings.weights,
        unseen=np.array(postings.unseen),
    )
    (folder / VOCABULARY_FILE).write_text(json.dumps(list(postings.vocabulary), ensure_ascii=False), encoding="utf-8")


def load_postings(folder: Path) -> Postings:
    """Read what :func:`save_postings` wrote."""
    names = json.loads((folder / VOCABULARY_FILE).read_text(encoding="utf-8"))
    vocabulary = {name: place for place, name in enumerate(names)}
    with np.load(folder / POSTINGS_FILE, allow_pickle=False) as arrays:
        return Postings(vocabulary, arrays["rows"], arrays["offsets"], arrays["idf"], arrays["weights"], float(arrays["unseen"]))
