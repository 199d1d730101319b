"""Symptoms that a problem names beside each other, as data: "cough with fever", "headache, nausea and a stiff neck"."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from fhir_coder.coding.ranked_code import Place, RankedCode
from terminology.knowledge import table_rows

_WORDS_BEHIND = 2
"""How many words may stand between a joint and the symptom behind it."""

Named = tuple[int, int, str]
"""Where the words of a symptom begin and end, and its code."""


def joined_symptoms(symptoms: Sequence[RankedCode], texts: Mapping[str, str]) -> Iterator[tuple[Place, frozenset[str]]]:
    """The codes of symptoms that are joined, two or more, and where the sentence of their problem begins."""
    named: dict[Place, list[Named]] = defaultdict(list)
    for one in symptoms:
        for place, start, end in one.named_in_problems:
            named[place].append((start, end, one.code))
    for place, found in sorted(named.items()):
        for chain in _chains(_longest(found), texts[place[0]]):
            if len(chain) > 1:
                yield place, frozenset(chain)


def _longest(found: Sequence[Named]) -> list[Named]:
    """In reading order, without those whose words are part of another's: of "acute cough" not "cough"."""
    kept: list[Named] = []
    for start, end, code in sorted(found, key=lambda one: (one[0], -one[1])):
        if not kept or start >= kept[-1][1] or (start, end) == kept[-1][:2]:
            kept.append((start, end, code))
    return kept


def _chains(named: Sequence[Named], text: str) -> Iterator[set[str]]:
    """The codes of each run of symptoms in which every one is joined to the one before it."""
    chain: set[str] = set()
    last: Named | None = None
    for one in named:
        is_joined = last is not None and (one[:2] == last[:2] or _joint().fullmatch(text, last[1], one[0]))
        if chain and not is_joined:
            yield chain
            chain = set()
        chain.add(one[2])
        last = one
    yield chain


@cache
def _joint() -> re.Pattern[str]:
    """What may stand between two: words that join, then few others."""
    kinds: dict[str, str] = {row["kind"]: "|".join(re.escape(word) for word in row["words"].split(" | ")) for row in _rows()}
    joins = rf"(?:\s*(?:{kinds['joins']})(?!\w))+"
    return re.compile(rf"{joins}\s*(?:(?!(?:{kinds['breaks']})\b)[\w'-]+\s+){{0,{_WORDS_BEHIND}}}", re.IGNORECASE)


def _rows() -> list[dict[str, str]]:
    return table_rows("fhir_coder.coding", "joining_words.tsv")
