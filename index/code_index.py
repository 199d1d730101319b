"""The open index of one release: terms in text, and candidate codes for phrases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from index.dense import DenseIndex
from index.encoder import Encoder
from index.hybrid import Hit, fuse, words_needed
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

    def words(self) -> Iterator[str]:
        """The words of every phrase of the dictionary, each as often as it stands in one, in comparable form (:func:`index.normalise.word_form`)."""
        return self._matcher.words()

    def search(self, queries: Sequence[str], k: int = 50) -> list[list[Hit]]:
        """For each query the ``k`` best codes, stems without seventh character, by words and by meaning; ties broken by code.

        A query is some words (a mention, a problem statement). All are searched at once, yet each result depends on its own query only.
        A query without a word finds nothing.
        """
        spoken = [place for place, query in enumerate(queries) if _is_spoken(query)]
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

    def search_above(self, queries: Sequence[str], k: int, least: float) -> list[list[Hit]]:
        """The hits of :meth:`search` that score at least ``least``.

        Where meaning alone cannot score so high, only the codes that share enough words are compared by meaning, and only queries that have
        such codes are encoded: on every phrase of a long note that is several times faster.
        """
        needed = words_needed(least)
        if needed <= 0:
            return [_from(least, hits) for hits in self.search(queries, k)]
        return [_from(least, self._search_by_words(query, k, needed)) for query in queries]

    def _search_by_words(self, query: str, k: int, needed: float) -> list[Hit]:
        """The best codes with a score by words of at least ``needed``."""
        words = self._lexical.search([query], k * LEXICAL_DEPTH)[0] if _is_spoken(query) else []
        words = [ranked for ranked in words if ranked.score >= needed]
        if not words:
            return []
        return fuse(words, self._dense.score(self._encoder.encode([query])[0], (ranked.code for ranked in words)), k)


def _is_spoken(query: str) -> bool:
    """Whether there is a word in it."""
    return any(char.isalnum() for char in query)


def _from(least: float, hits: list[Hit]) -> list[Hit]:
    return [hit for hit in hits if hit.score >= least]
