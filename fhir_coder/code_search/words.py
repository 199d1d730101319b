"""The codes, and the words of titles and inclusion terms, of one release by their beginnings: what somebody types is unfinished at any moment."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from fhir_coder.code_search.choice import below
from index.normalise import word_form
from terminology.codebook import Codebook, NoteKind
from terminology.notation import compact

TITLE, TERM = "title", "inclusion term"
UNFINISHED = 0.6
"""What the beginning of a word counts against the whole word."""
LIKELIER = 10
"""How many times more often than what was typed a longer word must stand in the code set to be what is being typed."""
_CODE = re.compile(r"[A-Z]\d[0-9A-Z]?\.?[0-9A-Z]{0,4}", re.IGNORECASE | re.ASCII)
_WORD = re.compile(r"[^\W_]+(?:['’.][^\W_]+)*")
_BEYOND = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Printed:
    """A text of the tabular list that has every word: the printed code it stands for (header or stem) and a score from 0 to 1."""

    code: str
    score: float
    source: str
    text: str


class ReleaseWords:
    """Codes and words of the texts that the tabular list prints, each row one text; ``spoken`` are words that clinicians use beside these."""

    def __init__(self, codebook: Codebook, spoken: Iterable[str] = ()) -> None:
        self._rows = list(_texts(codebook))
        places: dict[str, list[int]] = {}
        form = cache(word_form)
        for row, (_, _, text) in enumerate(self._rows):
            for word in words_of(text, form):
                places.setdefault(word, []).append(row)
        self._words = sorted(places)
        self._offsets = np.cumsum([0, *(len(places[word]) for word in self._words)])
        self._postings = np.array([row for word in self._words for row in places[word]], dtype=np.int32)
        counts = np.diff(self._offsets)
        self._rarity = np.log1p(len(self._rows) / counts)
        self._of_posting = np.repeat(self._rarity, counts)
        self._weights = np.bincount(self._postings, self._of_posting, len(self._rows))
        self._often = Counter(dict(zip(self._words, map(int, counts), strict=True))) + Counter(spoken)
        self._known = sorted(self._often)
        self._codebook = codebook
        self._codes = sorted({compact(code): code for code, _, _ in self._rows}.items())

    def codes_beginning(self, written: str) -> tuple[str, ...]:
        """The code as written with what stands directly below; for a part of a code, the uppermost codes that begin with it; else none."""
        if not _CODE.fullmatch(written):
            return ()
        plain = compact(written)
        exact = self._codebook.normalize(plain)
        if exact:
            return (exact, *(choice.code for choice in below(self._codebook, exact)))
        upper = [code for _, code in self._codes[bisect_left(self._codes, (plain, "")) : bisect_left(self._codes, (plain + _BEYOND, ""))]]
        shortest = min(map(len, upper), default=0)
        stem = self._codebook.normalize(plain.rstrip("X")) if plain.endswith("X") else None
        full = self._codebook.billable_under(stem) if stem else ()
        return tuple(code for code in upper if len(code) == shortest) or tuple(code for code in full if compact(code).startswith(plain))

    def find(self, query: str, most: int) -> tuple[Printed, ...]:
        """The texts that have every word of the query or a word that begins like it, best first, each code once."""
        common = self._common(words_of(query))
        rows = np.flatnonzero(common)
        scores = 2 * common[rows] / (common[rows] + self._weights[rows])
        order = np.lexsort((rows, -scores))
        found: dict[str, Printed] = {}
        for place in order:
            code, source, text = self._rows[rows[place]]
            found.setdefault(code, Printed(code, float(scores[place]), source, text))
            if len(found) == most:
                break
        return tuple(found.values())

    def completed(self, query: str) -> str:
        """The query with its last word finished, where one is likely meant: "diab" is "diabetes"."""
        head, _, last = query.rpartition(" ")
        token = last.lower()
        if len(token) < 2 or not token.isalnum():
            return query
        first, beyond = bisect_left(self._known, token), bisect_left(self._known, token + _BEYOND)
        likeliest = max(self._known[first:beyond], key=lambda word: (self._often[word], word), default=token)
        if self._often[likeliest] < LIKELIER * self._often[token] or not self._often[likeliest]:
            return query
        return f"{head} {likeliest}".strip()

    def _common(self, words: Sequence[str]) -> npt.NDArray[np.float64]:
        """For each row the weight of what it shares with the words; 0 where it lacks one."""
        total, has_all = np.zeros(len(self._rows)), np.full(len(self._rows), bool(words))
        for word in words:
            shared = np.zeros(len(self._rows))
            first, beyond = bisect_left(self._words, word), bisect_left(self._words, word + _BEYOND)
            span = slice(self._offsets[first], self._offsets[beyond])
            shared[self._postings[span]] = UNFINISHED * self._of_posting[span]
            if first < len(self._words) and self._words[first] == word:
                shared[self._postings[self._offsets[first] : self._offsets[first + 1]]] = self._rarity[first]
            has_all &= shared > 0
            total += shared
        return np.where(has_all, total, 0.0)


def words_of(text: str, form: Callable[[str], str] = word_form) -> tuple[str, ...]:
    """The different words of a text, singular and plural alike, in order. ``form`` gives the comparable form of one."""
    return tuple(dict.fromkeys(form(word) for word in _WORD.findall(text)))


def _texts(codebook: Codebook) -> Iterator[tuple[str, str, str]]:
    """Code, source and text of everything printed; headers too, which expand into their children."""
    for code in codebook.printed_codes():
        yield code, TITLE, codebook.title(code)
        yield from ((code, TERM, text) for kind, text in codebook.own_notes(code) if kind is NoteKind.INCLUSION_TERM)
