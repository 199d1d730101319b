"""The rules by which a history tells an external cause: word classes (``mechanisms.toml``) and their sequences (``mechanisms.tsv``)."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

from fhir_coder.reading.context import Token, expand, tokenize
from terminology.knowledge import knowledge_of, table_rows


class Told(StrEnum):
    """What a rule tells of an accident."""

    CAUSE = "cause"
    ACTIVITY = "activity"
    PLACE = "place"
    STATUS = "status"


_OF_CHAPTER_20 = re.compile(r"[V-Y]\d\d")
_CIRCUMSTANCES = {"Y92": Told.PLACE, "Y93": Told.ACTIVITY, "Y99": Told.STATUS}


def told_kind(codes: Collection[str]) -> Told | None:
    """What codes of chapter 20 tell, or None for any others."""
    if not codes or not all(_OF_CHAPTER_20.match(code) for code in codes):
        return None
    return _CIRCUMSTANCES.get(next(iter(codes))[:3], Told.CAUSE)


@dataclass(frozen=True, slots=True)
class Step:
    """A word of any of the ``classes``; ``is_near``: in the same clause as the word before, and close to it."""

    classes: frozenset[str]
    is_near: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of ``mechanisms.tsv``: any of the ``sequences`` tells ``code``, a stem without seventh character, unless the sentence has a word
    of a class in ``unless``."""

    kind: Told
    id: str
    code: str
    index: str
    sequences: tuple[tuple[Step, ...], ...]
    unless: frozenset[str]

    @property
    def classes(self) -> frozenset[str]:
        """Every class that the rule names."""
        return self.unless.union(*(step.classes for sequence in self.sequences for step in sequence))


@dataclass(frozen=True, slots=True)
class Label:
    """The tokens ``first`` up to ``last`` (exclusive) are a word or phrase of the class ``name``."""

    name: str
    first: int
    last: int


@dataclass(slots=True)
class _Node:
    following: dict[str, _Node] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class MechanismRules:
    """All rules in their order, and the words ready to be found. The fields are explained in ``mechanisms.toml``."""

    rules: tuple[Rule, ...]
    names: frozenset[str]
    gap: int
    near_gap: int
    clauses: frozenset[str]
    breaks: frozenset[str]
    silenced_by: frozenset[str]
    habitual: frozenset[str]
    events: frozenset[str]
    hiding: frozenset[str]
    settings: frozenset[str]
    claims: frozenset[str]
    _root: _Node
    _beginning: Mapping[tuple[Told, str], tuple[int, ...]]

    def that_begin(self, kind: Told, present: Collection[str]) -> list[Rule]:
        """The rules of a kind, in their order, of which a sequence begins with one of the classes."""
        found = {place for name in present for place in self._beginning.get((kind, name), ())}
        return [self.rules[place] for place in sorted(found)]

    def label(self, tokens: Sequence[Token]) -> Mapping[str, list[Label]]:
        """The words of every class among the tokens, in order; what is a part of a hiding phrase is left out."""
        found = [label for first in range(len(tokens)) for label in self._labels_at(tokens, first)]
        hidden = [label for label in found if label.name in self.hiding]
        by_name: dict[str, list[Label]] = defaultdict(list)
        for label in found:
            if not any(_is_inside(label, other) for other in hidden):
                by_name[label.name].append(label)
        return by_name

    def _labels_at(self, tokens: Sequence[Token], first: int) -> Iterator[Label]:
        node = self._root
        for last in range(first, len(tokens)):
            following = node.following.get(tokens[last].word)
            if following is None:
                return
            node = following
            for name in node.names:
                yield Label(name, first, last + 1)


def _is_inside(label: Label, other: Label) -> bool:
    """Whether a label is a shorter part of another."""
    return other.first <= label.first and label.last <= other.last and label.last - label.first < other.last - other.first


def words_of(text: str, start: int, end: int) -> list[Token]:
    """The tokens of ``text[start:end]`` without hyphens: "rear-ended" and "rear ended" are the same."""
    return [token for token in tokenize(text, start, end) if token.word not in "-‐‑–"]


@cache
def load_mechanisms() -> MechanismRules:
    """The rules, read once."""
    knowledge = knowledge_of("fhir_coder.reading")
    source = tomllib.loads(knowledge.joinpath("mechanisms.toml").read_text(encoding="utf-8"))
    rows = table_rows("fhir_coder.reading", "mechanisms.tsv")
    root = _Node()
    for name, phrases in source["words"].items():
        for phrase in {phrase for pattern in phrases for phrase in expand(pattern)}:
            _insert(root, phrase, name)
    sets = {
        key: frozenset(source[key]) for key in ("clauses", "breaks", "silenced_by", "habitual", "events", "hiding", "settings", "claims")
    }
    rules = tuple(_rule(row) for row in rows)
    return MechanismRules(
        rules, frozenset(source["words"]), source["gap"], source["near_gap"], **sets, _root=root, _beginning=_beginnings(rules)
    )


def _rule(row: Mapping[str, str]) -> Rule:
    sequences = tuple(tuple(_steps(sequence)) for sequence in row["told"].strip().split(" / "))
    return Rule(Told(row["kind"]), row["id"], row["code"], row["index"], sequences, frozenset((row["unless"] or "").split()))


def _beginnings(rules: Sequence[Rule]) -> Mapping[tuple[Told, str], tuple[int, ...]]:
    """The places of the rules by their kind and each class that one of their sequences begins with."""
    found: dict[tuple[Told, str], list[int]] = defaultdict(list)
    for place, rule in enumerate(rules):
        for name in frozenset().union(*(sequence[0].classes for sequence in rule.sequences)):
            found[rule.kind, name].append(place)
    return {key: tuple(places) for key, places in found.items()}


def _steps(sequence: str) -> Iterator[Step]:
    is_near = False
    for part in sequence.split():
        if part in ("..", "."):
            is_near = part == "."
        else:
            yield Step(frozenset(part.split("|")), is_near)


def _insert(root: _Node, phrase: str, name: str) -> None:
    node = root
    # Most phrases are plain words, which need no tokenizer: there are tens of thousands.
    words = phrase.split() if phrase.replace(" ", "").isalpha() else [token.word for token in words_of(phrase, 0, len(phrase))]
    for word in words:
        node = node.following.setdefault(word, _Node())
    if words and name not in node.names:
        node.names.append(name)
