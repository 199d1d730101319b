"""Candidates for every assertion: what the dictionary says its words mean, and what retrieval offers for problem statements."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Protocol

from fhir_coder.model import Assertion, Assertions, Candidate, Candidates
from terminology.knowledge import knowledge_of

RETRIEVED_PER_STATEMENT = 8
COVERED_BY_DICTIONARY = 0.6

_WORD = re.compile(r"[a-z][a-z'-]+", re.IGNORECASE)


@cache
def _course_words() -> frozenset[str]:
    lines = knowledge_of("fhir_coder.coding").joinpath("course_words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


class Retrieval(Protocol):
    """What this stage needs of the index: one batch of queries, hits best first."""

    def search(self, queries: Sequence[str], k: int = 50) -> list[list]:
        """Hits with ``code``, ``score``, ``lexical``, ``dense`` and ``source`` for each query."""

    def search_above(self, queries: Sequence[str], k: int, least: float) -> list[list]:
        """Those hits that score at least ``least``."""


def offer_candidates(assertions: Assertions, retrieval: Retrieval) -> Candidates:
    """Every candidate for every assertion, ordered by position, then score, then code."""
    offered = [candidate for position, found in enumerate(assertions.assertions) for candidate in _from_dictionary(position, found)]
    asked = [position for position in range(len(assertions.assertions)) if _needs_retrieval(assertions, position)]
    queries = [_query(assertions.assertions[position].mention.text) for position in asked]
    for position, hits in zip(asked, retrieval.search(queries, RETRIEVED_PER_STATEMENT) if queries else [], strict=True):
        offered.extend(Candidate(position, hit.code, hit.score, hit.lexical, hit.dense, "retrieval:" + hit.source) for hit in hits)
    return Candidates(assertions, tuple(sorted(offered, key=lambda c: (c.position, -c.score, c.code))))


def _from_dictionary(position: int, assertion: Assertion) -> list[Candidate]:
    """The codes that a dictionary entry gives for these very words: a full lexical match."""
    mention = assertion.mention
    source = mention.sources[0] if mention.sources else ""
    return [Candidate(position, code, 1.0, 1.0, None, source) for code in mention.codes]


def _needs_retrieval(assertions: Assertions, position: int) -> bool:
    """A problem statement whose words the dictionary does not mostly explain."""
    mention = assertions.assertions[position].mention
    if not mention.is_problem_statement or not content_words(mention.text):
        return False
    inside = [
        other.mention
        for other in assertions.assertions
        if other.mention.codes
        and other.mention.note_id == mention.note_id
        and other.mention.start >= mention.start
        and other.mention.end <= mention.end
    ]
    covered = sum(len(content_words(part.text)) for part in inside)
    return covered < COVERED_BY_DICTIONARY * len(content_words(mention.text))


def content_words(text: str) -> list[str]:
    """The words that say what a problem is, in small letters: not how it is doing nor where it is."""
    return [word for word in _WORD.findall(text.lower()) if word not in _course_words()]


def _query(text: str) -> str:
    """The statement without what follows a dash or colon: "DM2 - continue metformin" asks for DM2."""
    head = re.split(r"\s+[-–—]\s+|:\s", text, maxsplit=1)[0]
    return head if content_words(head) else text
