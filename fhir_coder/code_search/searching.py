"""ICD-10-CM search for a person who adds or replaces a code: by the beginning of a code, by words, by abbreviations, by meaning."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from fhir_coder.code_search.choice import Choice, below
from fhir_coder.code_search.words import ReleaseWords, words_of
from fhir_coder.coding.specificity import complete, side_of
from index.code_index import CodeIndex
from index.hybrid import Hit
from terminology.codebook import Codebook
from terminology.laterality import side
from terminology.notation import compact
from terminology.release import Release

MOST = 20
LONGEST_QUERY = 120
"""Characters of a query that are read; nobody types more to find a code."""
SHORTEST_WORDS = 2

_WHOLE_DICTIONARY, _PART_OF_DICTIONARY = 1.2, 0.45
_DICTIONARY_FLOOR, _PRINTED_FLOOR, _PRINTED_SHARE = 0.5, 0.3, 0.65
_LEAST, _GOOD = 0.35, 0.6
"""Fused scores (0 to 1) below which a hit is not shown, and from which words are enough."""
_HEADER_STEP = 0.05
"""Of texts that fit as well, what can be billed comes before the header."""


@dataclass(frozen=True, slots=True)
class Found:
    """A code that answers a query, why (``code``, ``title: ...``, ``phrase: ...``), and what it opens into when it cannot be billed."""

    code: str
    title: str
    is_billable: bool
    why: str
    below: tuple[Choice, ...] = ()
    score: float = 0.0


class CodeSearch:
    """``index_for`` gives the index of a release. The words of a release are gathered when it is first searched, once in each process."""

    def __init__(self, index_for: Callable[[Release], CodeIndex]) -> None:
        self._index_for = index_for
        self._lock = threading.Lock()
        self._words: dict[tuple[str, str], ReleaseWords] = {}

    def prepare(self, release: Release) -> None:
        """Gather the words of a release now, so that nobody waits for it later."""
        self._words_of(release)

    def search(self, query: str, release: Release, most: int = MOST) -> tuple[Found, ...]:
        """The ``most`` best codes, best first; for the beginning of a code, what stands under it in tabular order. Nothing is kept of a query."""
        asked = " ".join(query[:LONGEST_QUERY].split())
        first, _, rest = asked.partition(" ")
        codes = self._words_of(release).codes_beginning(first)
        if codes and not rest:
            return tuple(_found(release.codebook, code, "code") for code in codes[:most])
        if codes:
            within = compact(first)
            inside = [one for one in self._by_words(rest, release, most * 5) if compact(one.code).startswith(within)]
            if inside:
                return tuple(inside[:most])
        return tuple(self._by_words(asked, release, most)) if len(asked) >= SHORTEST_WORDS else ()

    def _by_words(self, query: str, release: Release, most: int) -> list[Found]:
        """The best of the dictionary, the printed texts, and retrieval by words and meaning."""
        best: dict[str, tuple[float, str]] = {}
        for code, score, why in self._offers(query, release, most):
            known = release.codebook.normalize(code)
            if known:
                score -= _HEADER_STEP if release.codebook.children(known) else 0.0
                best[known] = max(best.get(known, (score, why)), (score, why), key=lambda one: one[0])
        order = sorted(best, key=lambda code: (-best[code][0], code))[:most]
        return [replace(_found(release.codebook, code, best[code][1]), score=best[code][0]) for code in order]

    def _offers(self, query: str, release: Release, most: int) -> Iterator[tuple[str, float, str]]:
        index, words = self._index_for(release), self._words_of(release)
        whole = words.completed(query)
        yield from _from_dictionary(index, release.codebook, query)
        for one in words.find(query, most):
            yield one.code, _PRINTED_FLOOR + _PRINTED_SHARE * one.score, f"{one.source}: {one.text}"
        for hit in _retrieved(index, whole, most):
            yield hit.code, hit.score, _why(hit)

    def _words_of(self, release: Release) -> ReleaseWords:
        key = release.id, release.sha256
        with self._lock:
            if key not in self._words:
                self._words[key] = ReleaseWords(release.codebook, self._index_for(release).words())
            return self._words[key]


def _retrieved(index: CodeIndex, query: str, most: int) -> list[Hit]:
    """By words, with the meaning of what these find; by meaning alone only where the words find nothing good: that takes most of the time."""
    hits = index.search_above([query], most, _LEAST)[0]
    return hits if hits and hits[0].score >= _GOOD else index.search([query], most)[0]


def _from_dictionary(index: CodeIndex, codebook: Codebook, query: str) -> Iterator[tuple[str, float, str]]:
    """What the dictionary says that words of the query mean: first where these are the whole query, later the fewer they are.

    A side that the query names is put in; a seventh character never is, as that is for the person to say. Capitals count as typed and as not:
    who searches writes "pe" for PE, which in a note is no embolism.
    """
    total = len(words_of(query)) or 1
    for match in dict.fromkeys((*index.find_terms(query), *index.find_terms(query.upper()))):
        phrase = query[match.start : match.end]
        share = min(1.0, len(words_of(phrase)) / total)
        score = _WHOLE_DICTIONARY if share == 1.0 else _DICTIONARY_FLOOR + _PART_OF_DICTIONARY * share
        for code in match.codes:
            sided = _with_side(codebook, code, query)
            if sided:
                yield sided, score + _HEADER_STEP, f"phrase: {phrase}"
            yield code, score, f"phrase: {phrase}"


def _with_side(codebook: Codebook, code: str, query: str) -> str:
    """The stem for the side that the query names, or empty."""
    named = side_of([query])
    billable = complete(codebook, code, (query,) * 4) if named else None
    stem = codebook.stem(billable) if billable else ""
    return stem if stem and side(codebook.title(stem)) == named else ""


def _found(codebook: Codebook, code: str, why: str) -> Found:
    return Found(code, codebook.title(code), codebook.is_billable(code), why, below(codebook, code))


_SOURCES = {"title": "title", "term": "inclusion term", "index": "official index"}


def _why(hit: Hit) -> str:
    """Where the words or the meaning were found."""
    kind, _, place = hit.source.partition(":")
    if kind == "lexicon":
        return f"phrase: {place.rpartition(':')[2].partition('@')[0].replace('-', ' ')}"
    near = "near " if (hit.lexical or 0.0) < (hit.dense or 0.0) else ""
    return f"{near}{_SOURCES.get(kind, kind)}"
