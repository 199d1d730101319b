"""What was learned from coded case reports: which phrases go with which codes, and how often each code is given at all.

Two tables of plain counts (``phrases.tsv``, ``codes.tsv``), written by ``fhir-coder learn``. A phrase is one to six comparable words
(:mod:`.words`). For a phrase and a code the table has the reports in which the phrase stands where the code's evidence is (``together``), those
that have the phrase and the code anywhere (``beside``), and those that have the phrase at all (``reports``).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from fhir_coder.coding.case_reports.words import words_of
from index.stemming import stems
from terminology.knowledge import knowledge_of

LONGEST = 6
"""Words of the longest phrase."""

LEAST_ALIKE = 0.5
"""Weighted Dice coefficient from which two phrases are alike."""

MOST_ALIKE = 6
"""Codes that a phrase is offered for its likeness to learned ones."""

PHRASES_FILE, CODES_FILE = "phrases.tsv", "codes.tsv"

Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A phrase and a code, with the counts of reports explained above."""

    code: str
    together: int
    beside: int
    reports: int

    @property
    def precision(self) -> float:
        """How often the phrase means the code, drawn towards 0 where little was seen."""
        return self.together / (max(self.reports, self.together) + 1)

    @property
    def nearness(self) -> float:
        """How often a report with the phrase has the code, wherever it has it."""
        return self.beside / (max(self.reports, self.beside) + 1)


@dataclass(frozen=True)
class LearnedPhrases:
    """The tables in memory: links by phrase, and in how many reports each code was given."""

    links: Mapping[Phrase, tuple[Link, ...]]
    codes: Mapping[str, int]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where learned phrases stand in the text: half-open ranges of code points."""
        words = words_of(text)
        return [(words[first].start, words[last - 1].end) for first, last, _ in find_phrases([word.form for word in words], self.links)]

    def links_of(self, text: str) -> tuple[Link, ...]:
        """The links of a text that is a learned phrase, else none."""
        return self.links.get(tuple(word.form for word in words_of(text)), ())

    def alike(self, text: str) -> list[tuple[Link, float]]:
        """Links of phrases that share much with the text and how much (0..1), the best for each code, best first."""
        return self._likeness.search(text)

    def prior(self, code: str) -> int:
        """Reports that have the code."""
        return self.codes.get(code, 0)

    def prior_of_category(self, code: str) -> int:
        """Codes of the same three characters that reports have."""
        return self._categories[code[:3]]

    @cached_property
    def _categories(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for code, count in self.codes.items():
            found[code[:3]] += count
        return found

    @cached_property
    def _likeness(self) -> _Likeness:
        return _Likeness(self.links)


class _Likeness:
    """Phrases by their stems; each stem weighs its inverse document frequency as in :mod:`index.lexical`."""

    def __init__(self, links: Mapping[Phrase, tuple[Link, ...]]) -> None:
        self._phrases = sorted(links)
        self._links = links
        sets = [stems(" ".join(phrase)) for phrase in self._phrases]
        counts = Counter(stem for one in sets for stem in one)
        self._weight = {stem: _weight(count, len(sets)) for stem, count in counts.items()}
        self._unseen = _weight(0, len(sets))
        self._total = [math.fsum(self._weight[stem] for stem in one) for one in sets]
        self._rows: dict[str, list[int]] = defaultdict(list)
        for row, one in enumerate(sets):
            for stem in one:
                self._rows[stem].append(row)

    def search(self, text: str) -> list[tuple[Link, float]]:
        """See :meth:`LearnedPhrases.alike`."""
        asked = sorted(stems(text))
        whole = math.fsum(self._weight.get(stem, self._unseen) for stem in asked)
        common: dict[int, float] = defaultdict(float)
        for stem in asked:
            for row in self._rows.get(stem, ()):
                common[row] += self._weight[stem]
        best: dict[str, tuple[Link, float]] = {}
        for row, weight in common.items():
            share = round(2 * weight / (whole + self._total[row]), 6)
            for link in self._links[self._phrases[row]] if share >= LEAST_ALIKE else ():
                known = best.get(link.code)
                if known is None or (share, link.precision) > (known[1], known[0].precision):
                    best[link.code] = (link, share)
        return sorted(best.values(), key=lambda one: (-one[1], -one[0].precision, one[0].code))[:MOST_ALIKE]


def _weight(count: int, total: int) -> float:
    return math.log1p((total - count + 0.5) / (count + 0.5))


def find_phrases(forms: Sequence[str], known: Container[Phrase]) -> Iterator[tuple[int, int, Phrase]]:
    """First word, one past the last word, and the phrase, for every known phrase, longer ones before shorter ones at the same place."""
    for first in range(len(forms)):
        for length in range(min(LONGEST, len(forms) - first), 0, -1):
            phrase = tuple(forms[first : first + length])
            if phrase in known:
                yield first, first + length, phrase


@cache
def shipped_phrases() -> LearnedPhrases:
    """The tables that ship, learned from the training part of CodiEsp."""
    folder = knowledge_of("fhir_coder.coding.case_reports")
    return LearnedPhrases(
        links=read_links(folder.joinpath(PHRASES_FILE).read_text(encoding="utf-8")),
        codes={code: int(count) for code, count in _rows(folder.joinpath(CODES_FILE).read_text(encoding="utf-8"))},
    )


def read_links(text: str) -> dict[Phrase, tuple[Link, ...]]:
    """The links of a table as ``phrases.tsv`` holds it."""
    links: dict[Phrase, list[Link]] = defaultdict(list)
    for phrase, code, *counts in _rows(text):
        links[tuple(phrase.split(" "))].append(Link(code, *map(int, counts)))
    return {phrase: tuple(found) for phrase, found in links.items()}


def _rows(text: str) -> Iterator[list[str]]:
    """The rows below the heading, comments left out."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return (line.split("\t") for line in lines[1:])
