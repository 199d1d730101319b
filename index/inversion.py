"""The order of problem lists: the noun first, then what describes it ("asthma, moderate persistent, with acute exacerbation").

A lexicon lists phrases in the order of speech. Every phrase that begins with words of ``qualifiers.txt`` and goes on with another phrase of
the lexicon is turned round here, so that both orders mean the same code.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from itertools import permutations

from index.normalise import forms
from terminology.knowledge import knowledge_of

#: More words before a noun than these are not written in any order.
_MOST_QUALIFIERS = 3

#: Where the words begin that come after the noun and stay there.
_JOINING = frozenset({"with", "without", "due", "secondary", "in", "of", "from", "on"})


def inverted(key: str, nouns: Collection[str]) -> Iterator[str]:
    """Phrases that say what ``key`` says with its noun first; none when it does not begin with qualifiers, or the rest is not among
    ``nouns`` (keys, as the words of the key are)."""
    words = key.split(" ")
    place = 0
    units: list[str] = []
    while len(units) < _MOST_QUALIFIERS and (unit := _unit_at(words, place)):
        units.append(unit)
        place += unit.count(" ") + 1
        head = _head(words[place:])
        noun = " ".join(head)
        if noun in nouns:
            yield from _orders(noun, units, " ".join(words[place + len(head) :]))


def _orders(noun: str, units: Sequence[str], rest: str) -> Iterator[str]:
    """The noun, then the qualifiers in every order, with commas, in parentheses or with neither, then what stood behind the noun."""
    for order in permutations(units):
        for described in (" ".join(order), " , ".join(order)):
            for mark in (" ", " , "):
                yield f"{noun}{mark}{described} {rest}".rstrip()
                if rest:
                    yield f"{noun}{mark}{described} , {rest}"
            yield f"{noun} ( {described} ) {rest}".rstrip()


def _head(words: Sequence[str]) -> Sequence[str]:
    """The words up to the first joining one."""
    end = next((place for place, word in enumerate(words) if word in _JOINING), len(words))
    return words[:end]


def _unit_at(words: Sequence[str], place: int) -> str:
    """The longest qualifier that begins at ``place``, or empty."""
    runs = (" ".join(words[place : place + count]) for count in (4, 3, 2, 1))
    return next((run for run in runs if run in _qualifiers()), "")


@cache
def _qualifiers() -> frozenset[str]:
    """The comparable words of the file."""
    lines = knowledge_of("index").joinpath("qualifiers.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(" ".join(forms(line)) for line in lines if line.strip() and not line.startswith("#"))
