"""The open index of one release: terms in text, and candidate codes for phrases."""

from __future__ import annotations

from collections.abc import Sequence

from index.dense import DenseIndex
from index.encoder import Encoder
from index.hybrid import Hit, fuse
from index.lexical import LexicalIndex
from index.manifest import Manifest
from index.matcher import TermMatch, TermMatcher

#: Words are searched this much deeper than asked for, so that a code found by its meaning seldom lacks the score of its words.
LEXICAL_DEPTH = 4


class CodeIndex:
    """The dictionary, the word index and the vector index of one release, opened by :func:`index.open.open_index`.

    It is read only: threads may share it, and so may child processes forked after it was opened.
    """

    def __init__(self, manifest: Manifest, matcher: TermMatcher, lexical: LexicalIndex, dense: DenseIndex, encoder: Encoder) -> None:
        self.manifest = manifest
        self._matcher = matcher
        self._lexical = lexical
        self._dense = dense
        self._encoder = encoder

    @property
    def release_id(self) -> str:
        """The release this index was built from."""
        return self.manifest.release_id

    def find_terms(self, text: str) -> tuple[TermMatch, ...]:
        """The dictionary terms of a text: longest, none within another, in order, with code point offsets."""
        return self._matcher.find_terms(text)

    def search(self, queries: Sequence[str], k: int = 50) -> list[list[Hit]]:
        """For each query the ``k`` best codes, stems without seventh character, by words and by meaning; ties broken by code.

        A query is some words (a mention, a problem statement). All are searched at once, yet each result depends on its own query only.
        A query without a word finds nothing.
        """
        spoken = [place for place, query in enumerate(queries) if any(char.isalnum() for char in query)]
        texts = [queries[place] for place in spoken]
        results: list[list[Hit]] = [[] for _ in queries]
        by_words = self._lexical.search(texts, k * LEXICAL_DEPTH)
        vectors = self._encoder.encode(texts)
        by_meaning = self._dense.search(vectors, k)
        for place, words, vector, meaning in zip(spoken, by_words, vectors, by_meaning, strict=True):
            known = {ranked.code for ranked in meaning}
            others = self._dense.score(vector, (ranked.code for ranked in words if ranked.code not in known))
            results[place] = fuse(words, [*meaning, *others], k)
        return results
