"""Which of many patterns can match in a sentence at all, told by how the words of the sentence begin."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fhir_coder.beginnings import LONGEST, beginnings

_WORD = re.compile(rf"\b(?=(\w.{{0,{LONGEST - 1}}}))")


@dataclass(frozen=True, slots=True)
class FirstWords:
    """Patterns by their numbers: those that can begin with anything, and by the beginning of their first word the others."""

    always: frozenset[int]
    by_beginning: Mapping[str, frozenset[int]]

    def possible(self, text: str, start: int, end: int) -> list[int]:
        """The numbers, in order, of the patterns that may match somewhere in ``text[start:end]``, a folded text, where no word or hyphen stands
        before."""
        found = set(self.always)
        for word in set(_WORD.findall(text, start, end)):
            for length in range(1, len(word) + 1):
                found |= self.by_beginning.get(word[:length], frozenset())
        return sorted(found)


def first_words(patterns: Iterable[Iterable[str]]) -> FirstWords:
    """How the patterns can begin, each a list of alternatives."""
    always: set[int] = set()
    by_beginning: dict[str, set[int]] = defaultdict(set)
    for number, alternatives in enumerate(patterns):
        for words in map(beginnings, alternatives):
            if not words:
                always.add(number)
            for word in words:
                by_beginning[word].add(number)
    alike: dict[frozenset[int], frozenset[int]] = {}
    sets = ((word, frozenset(numbers)) for word, numbers in by_beginning.items())
    return FirstWords(frozenset(always), {word: alike.setdefault(numbers, numbers) for word, numbers in sets})
