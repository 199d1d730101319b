"""Every code of one release in tabular order: the whole, what stands below one code, and what has the words of a filter.

Nothing here weighs meaning: what a filter finds, and in which order, is the same in every process, so that it can be read page by page.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

from fhir_coder.code_search.words import words_of
from index.normalise import word_form
from terminology.codebook import Codebook, NoteKind
from terminology.notation import compact

Positions = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

_CODE = re.compile(r"[A-Z]\d[0-9A-Z]?\.?[0-9A-Z]{0,4}", re.IGNORECASE | re.ASCII)
_INCLUDED = {NoteKind.INCLUSION_TERM, NoteKind.INCLUDES}
_BEYOND = "\U0010ffff"


class Words:
    """Which of some texts have a word, or a word that begins like it."""

    def __init__(self, texts: Sequence[Iterable[str]]) -> None:
        places: dict[str, list[int]] = {}
        for row, words in enumerate(texts):
            for word in words:
                places.setdefault(word, []).append(row)
        self._size = len(texts)
        self._words = sorted(places)
        self._offsets = np.cumsum([0, *(len(places[word]) for word in self._words)])
        self._rows = np.array([row for word in self._words for row in places[word]], dtype=np.intp)

    def beginning(self, word: str) -> Mask:
        """The texts with a word that begins so."""
        return self._having(bisect_left(self._words, word), bisect_left(self._words, word + _BEYOND))

    def whole(self, word: str) -> Mask:
        """The texts with exactly this word."""
        place = bisect_left(self._words, word)
        return self._having(place, place + (self._words[place : place + 1] == [word]))

    def _having(self, first: int, beyond: int) -> Mask:
        found = np.zeros(self._size, dtype=np.bool_)
        found[self._rows[self._offsets[first] : self._offsets[beyond]]] = True
        return found


class CodeList:
    """The codes of a release, ``codes`` in tabular order; a position counts from 0 in it. Words are gathered when something is first filtered."""

    def __init__(self, codebook: Codebook) -> None:
        self._codebook = codebook
        self.codes = tuple(codebook.codes())
        self.is_billable: Mask = np.fromiter(map(codebook.is_billable, self.codes), dtype=np.bool_, count=len(self.codes))
        self._position = {code: position for position, code in enumerate(self.codes)}

    def below(self, code: str) -> Positions:
        """The position of a code as it is printed and of everything under it, which stands right after it. Raises KeyError."""
        last = self._codebook.billable_under(code)[-1]
        return np.arange(self._position[code], self._position[last] + 1)

    def matching(self, text: str) -> Mask:
        """The codes that each word of the text begins, or begins a word of: of the title, or of what is printed at the code as included."""
        found = np.full(len(self.codes), bool(words_of(text)))
        for token in dict.fromkeys(text.split()):
            fits = self._beginning(token)
            spoken = np.ones(len(self.codes), dtype=np.bool_)
            for word in words_of(token):
                spoken &= self._texts.titled(word) | self._texts.included(word)
            found &= fits | spoken
        return found

    def ranked(self, positions: Positions, text: str) -> Positions:
        """Positions that match a text, best first: those with all words whole in the title, those with them in the title at all, the others;
        then the shorter title, then tabular order. Beginnings of codes do not count, and alone leave tabular order. ``positions`` ascend."""
        words = words_of(" ".join(token for token in text.split() if not self._beginning(token).any()))
        if not words:
            return positions
        in_title, whole = np.ones(len(positions), dtype=np.bool_), np.ones(len(positions), dtype=np.bool_)
        for word in words:
            in_title &= self._texts.titled(word)[positions]
            whole &= self._texts.titled(word, whole=True)[positions]
        return positions[np.lexsort((positions, self._texts.lengths[positions], ~in_title, ~whole))]

    def _beginning(self, token: str) -> Mask:
        """The codes that begin as written, with or without dot, in any case."""
        found = np.zeros(len(self.codes), dtype=np.bool_)
        if _CODE.fullmatch(token):
            plain = compact(token)
            first, beyond = bisect_left(self._sorted, (plain, 0)), bisect_left(self._sorted, (plain + _BEYOND, 0))
            found[[position for _, position in self._sorted[first:beyond]]] = True
        return found

    @cached_property
    def _sorted(self) -> list[tuple[str, int]]:
        return sorted((compact(code), position) for position, code in enumerate(self.codes))

    @cached_property
    def _texts(self) -> _Texts:
        return _Texts(self._codebook)


class _Texts:
    """The words of titles, inclusion terms and Includes notes. A full code has those of its stem and of the text of its seventh character."""

    def __init__(self, codebook: Codebook) -> None:
        printed = tuple(codebook.printed_codes())
        endings = [tuple(codebook.seventh_characters(code).values()) for code in printed]
        form = cache(word_form)
        titles = [words_of(codebook.title(code), form) for code in printed]
        distinct = {text: number for number, text in enumerate(dict.fromkeys(text for texts in endings for text in texts))}
        ending_words = [words_of(text) for text in distinct]
        self._spans = np.array([1 + len(texts) for texts in endings])
        self._titles = Words(titles)
        self._terms = Words([_terms(codebook, code, form) for code in printed])
        self._endings = Words([*ending_words, ()])
        self._ending_of = np.array([number for texts in endings for number in (-1, *(distinct[text] for text in texts))])
        own = np.repeat([len(words) for words in titles], self._spans)
        self.lengths = own + np.array([*(len(words) for words in ending_words), 0])[self._ending_of]

    def titled(self, word: str, whole: bool = False) -> Mask:
        """The codes whose title has a word that begins so, or the whole word."""
        stems = self._titles.whole(word) if whole else self._titles.beginning(word)
        endings = self._endings.whole(word) if whole else self._endings.beginning(word)
        return np.repeat(stems, self._spans) | endings[self._ending_of]

    def included(self, word: str) -> Mask:
        """The codes with an inclusion term or Includes note that has a word that begins so."""
        return np.repeat(self._terms.beginning(word), self._spans)


def _terms(codebook: Codebook, code: str, form: Callable[[str], str]) -> tuple[str, ...]:
    texts = (text for kind, text in codebook.own_notes(code) if kind in _INCLUDED)
    return tuple(dict.fromkeys(word for text in texts for word in words_of(text, form)))
