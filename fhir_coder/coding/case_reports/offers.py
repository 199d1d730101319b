"""What every mention and phrase of a case report offers: dictionary codes, retrieved codes, learned codes. Nothing is turned away here."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from fhir_coder.coding.candidates import Retrieval
from fhir_coder.coding.case_reports.learned import LearnedPhrases
from fhir_coder.coding.case_reports.words import words_of
from fhir_coder.model import PHRASE_RUN, Assertions, Candidate, Candidates

RETRIEVED = 4
"""Codes that retrieval offers for a phrase."""
LEAST_SCORE = 0.45
"""Score below which a retrieved code is not worth ranking."""


class Means(StrEnum):
    """How a candidate came to be offered: the beginning of its ``source``, but for the dictionary, which names its entry."""

    DICTIONARY = ""
    RETRIEVAL = "retrieval:"
    LEARNED = "learned:"
    ALIKE = "alike:"


def means_of(candidate: Candidate) -> Means:
    """How the candidate came to be offered."""
    return next((one for one in Means if one and candidate.source.startswith(one)), Means.DICTIONARY)


def offer_every_phrase(assertions: Assertions, retrieval: Retrieval, learned: LearnedPhrases | None) -> Candidates:
    """Candidates for every mention, ordered by position, then score, then code."""
    offered = [
        Candidate(position, code, 1.0, 1.0, None, found.mention.sources[0] if found.mention.sources else "")
        for position, found in enumerate(assertions.assertions)
        for code in found.mention.codes
    ]
    runs = [position for position, found in enumerate(assertions.assertions) if found.mention.sources == (PHRASE_RUN,)]
    offered += _retrieved(assertions, runs, retrieval)
    if learned is not None:
        for position, found in enumerate(assertions.assertions):
            if not found.mention.codes and not found.mention.is_problem_statement:
                offered += _learned(position, found.mention.text, learned, is_run=found.mention.sources == (PHRASE_RUN,))
    return Candidates(assertions, tuple(sorted(offered, key=lambda c: (c.position, -c.score, c.code, c.source))))


def _retrieved(assertions: Assertions, runs: list[int], retrieval: Retrieval) -> Iterator[Candidate]:
    """What retrieval finds; the same words are asked for once."""
    texts = [assertions.assertions[position].mention.text.lower() for position in runs]
    asked = list(dict.fromkeys(texts))
    hits = dict(zip(asked, retrieval.search_above(asked, RETRIEVED, LEAST_SCORE), strict=True))
    for position, text in zip(runs, texts, strict=True):
        for hit in hits[text]:
            yield Candidate(position, hit.code, hit.score, hit.lexical, hit.dense, Means.RETRIEVAL + hit.source)


def _learned(position: int, text: str, learned: LearnedPhrases, is_run: bool) -> Iterator[Candidate]:
    """Codes of the very phrase where it is a known one; for a run of words, those of phrases like it."""
    if not is_run:
        phrase = " ".join(word.form for word in words_of(text))
        for link in learned.links_of(text):
            yield Candidate(position, link.code, round(link.precision, 6), source=Means.LEARNED + phrase)
        return
    for link, share in learned.alike(text):
        yield Candidate(position, link.code, share, round(link.precision, 6), source=Means.ALIKE + link.code)
