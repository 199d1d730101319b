"""Fusion of what the word index and the vector index found: a pure function.

The order is that of the convex combination of both scores, which needs no more than one weight and keeps what ranks forget: that a score of
one is an exact title, and how far the second is behind the first (S. Bruch, S. Gai, A. Ingber, "An Analysis of Fusion Functions for Hybrid
Retrieval", ACM TOIS 42, 2023, who compare it with the reciprocal rank fusion of Cormack, Clarke and Buettcher, SIGIR 2009). Both scores lie
in 0..1 by construction, so neither is scaled to its list and a result does not depend on what else was found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from index.ranking import PLACES, Ranked

#: How much the words count; the meaning counts the rest. High enough that the very words of an entry come before a near meaning.
LEXICAL_WEIGHT = 0.7


@dataclass(frozen=True, slots=True)
class Hit:
    """A code offered for a query. ``lexical`` and ``dense`` are the indexes' own scores in 0..1, None where an index did not offer the code;
    ``score`` is their fusion in 0..1 and ``source`` names the document that matched (``title:M77.31``, ``term:...``, ``lexicon:...``).
    """

    code: str
    score: float
    lexical: float | None
    dense: float | None
    source: str


def words_needed(least: float) -> float:
    """The score by words without which the fused score stays below ``least`` however near the meaning is; 0 or less: meaning alone may do."""
    return (least - (1 - LEXICAL_WEIGHT)) / LEXICAL_WEIGHT - 10**-PLACES


def fuse(lexical: Sequence[Ranked], dense: Sequence[Ranked], k: int) -> list[Hit]:
    """The ``k`` best codes of both lists, highest score first, ties broken by code. Either may be empty, and their order plays no part.

    A code that one index did not offer has a score of 0 there.
    """
    by_words = {ranked.code: ranked for ranked in lexical}
    by_meaning = {ranked.code: ranked for ranked in dense}
    hits = (_hit(code, by_words.get(code), by_meaning.get(code)) for code in by_words.keys() | by_meaning.keys())
    return sorted(hits, key=lambda hit: (-hit.score, hit.code))[:k]


def _hit(code: str, by_words: Ranked | None, by_meaning: Ranked | None) -> Hit:
    """One code with the scores of both sides; its source is the document of the better one, of words when equal."""
    lexical = None if by_words is None else by_words.score
    dense = None if by_meaning is None else by_meaning.score
    score = LEXICAL_WEIGHT * (lexical or 0.0) + (1 - LEXICAL_WEIGHT) * (dense or 0.0)
    source = max((side for side in (by_words, by_meaning) if side is not None), key=lambda side: side.score).source
    return Hit(code, round(score, PLACES), lexical, dense, source)
