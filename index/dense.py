"""Nearest documents by meaning: cosine similarity of vectors, searched with FAISS."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

from index.encoder import Vectors
from index.ranking import Ranked, best_by_code

#: Several documents may stand for one code, so more rows than codes are asked for.
_ROWS_PER_CODE = 3
_SPARE_ROWS = 32

VECTORS_FILE = "vectors.npy"


class DenseIndex:
    """Vectors of length one and the code each stands for, ordered by code. ``threads`` is FAISS's own; one is safe after a fork."""

    def __init__(self, vectors: Vectors, codes: Sequence[str], sources: Sequence[str], threads: int = 1) -> None:
        faiss.omp_set_num_threads(threads)
        self._vectors = vectors
        self._codes = codes
        self._sources = sources
        self._index = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(np.ascontiguousarray(vectors))

    def search(self, queries: Vectors, k: int) -> list[list[Ranked]]:
        """The ``k`` best codes for each query vector: score the cosine (0 when negative), ties by code."""
        if not len(queries):
            return []
        count = min(k * _ROWS_PER_CODE + _SPARE_ROWS, len(self._codes))
        _, rows = self._index.search(queries, count)
        return [self._rank(query, np.sort(row[row >= 0]), k) for query, row in zip(queries, rows, strict=True)]

    def score(self, query: Vectors, codes: Iterable[str]) -> list[Ranked]:
        """The scores of these codes for one query vector, best first; codes without a vector are left out."""
        spans = [np.arange(bisect_left(self._codes, code), bisect_right(self._codes, code)) for code in sorted(set(codes))]
        rows = np.concatenate(spans) if spans else np.zeros(0, dtype=np.int64)
        return self._rank(query, rows, len(spans))

    def _rank(self, query: Vectors, rows: npt.NDArray[np.int64], k: int) -> list[Ranked]:
        """Score rows each by itself: a matrix product rounds differently with the size of the batch."""
        scores = np.einsum("ij,j->i", self._vectors[rows].astype(np.float64), query.astype(np.float64))
        return best_by_code(rows, scores, self._codes, self._sources, k)


def load_vectors(folder: Path) -> Vectors:
    """The vectors of an index folder, mapped rather than read: processes that serve the same folder share them."""
    vectors: Vectors = np.load(folder / VECTORS_FILE, mmap_mode="r", allow_pickle=False)
    return vectors
