"""The context rules as a trie of tokens, and the cues it finds in a sentence.

ConText (Harkema et al. 2009): every cue asserts something of the concepts within its scope, which runs forward or backward to the end of
the sentence, to a termination cue, or to another cue about the same dimension. Pseudo cues hide the cues inside them. The rules are data:
``context.toml``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from fhir_coder.model import Experiencer, Presence, SectionKind, Temporality
from terminology.knowledge import knowledge_of

END = "¶"
"""The token after the last of a sentence."""

START = "^"
"""The token before the first of a sentence."""

Effect = Presence | Experiencer | Temporality

_EFFECTS: Mapping[str, Effect] = MappingProxyType({str(effect): effect for kind in (Presence, Experiencer, Temporality) for effect in kind})
_TOKEN = re.compile(r"[^\W\d_]+(?:'[a-z]+)?|\d+(?:\.\d+)?|[^\w\s]|_")
_QUOTES = str.maketrans("’‘", "''")


class Direction(StrEnum):
    """Where a cue works."""

    FORWARD = "forward"
    BACKWARD = "backward"
    BOTH = "both"
    PSEUDO = "pseudo"
    TERMINATE = "terminate"


@dataclass(frozen=True, slots=True)
class ContextRule:
    """One rule of ``context.toml``; the fields are explained there."""

    id: str
    direction: Direction
    effects: tuple[Effect, ...]
    cues: tuple[str, ...]
    example: str
    scope: int = 0
    is_clause: bool = False

    @property
    def dimensions(self) -> frozenset[type]:
        """The dimensions (presence, experiencer, temporality) its effects belong to."""
        return frozenset(type(effect) for effect in self.effects)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number or mark, in lower case, at ``text[start:end]``."""

    word: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Cue:
    """The tokens ``first`` up to ``last`` (exclusive) match a rule."""

    rule: ContextRule
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class SectionDefault:
    """What a section asserts of everything in it."""

    id: str
    effects: tuple[Effect, ...]


@dataclass(slots=True)
class _Node:
    following: dict[str, _Node] = field(default_factory=dict)
    rules: list[ContextRule] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ContextRules:
    """Every rule, ready to be matched."""

    rules: tuple[ContextRule, ...]
    sections: Mapping[SectionKind, SectionDefault]
    clause_words: frozenset[str]
    _root: _Node

    def find_cues(self, tokens: Sequence[Token]) -> list[Cue]:
        """The cues among the tokens, in order; a cue inside a longer one about the same dimension does not count."""
        words = [token.word for token in tokens] + [END]
        found = [cue for first in range(len(words)) for cue in self._cues_at(self._root, words, first)]
        opening = self._root.following.get(START)
        found += self._cues_at(opening, words, 0) if opening else ()
        return [cue for cue in found if not any(_hides(other, cue) for other in found)]

    def _cues_at(self, above: _Node, words: Sequence[str], first: int) -> Iterator[Cue]:
        node: _Node | None = above
        for last in range(first, len(words)):
            node = node.following.get(words[last]) if node else None
            if node is None:
                return
            for rule in node.rules:
                yield Cue(rule, first, last + 1)


def tokenize(text: str, start: int, end: int) -> list[Token]:
    """The tokens of ``text[start:end]`` with offsets into the text."""
    lowered = text[start:end].translate(_QUOTES)
    return [Token(found.group().lower(), start + found.start(), start + found.end()) for found in _TOKEN.finditer(lowered)]


def expand(phrase: str) -> Iterator[str]:
    """All phrases of a cue with groups, which may nest: ``(a|b|) c`` gives ``a c``, ``b c`` and ``c``."""
    for written in _written(phrase):
        yield " ".join(written.split())


def _written(phrase: str) -> list[str]:
    """Every way to write a phrase, group by group: each group is expanded once, however many stand beside it."""
    opened = phrase.find("(")
    if opened < 0:
        return [phrase]
    closed = _closing(phrase, opened)
    choices = list(_choices(phrase[opened + 1 : closed])) if closed else []
    # A bracket without its other half, or around no choice, is text.
    heads = [one for choice in choices for one in _written(choice)] if len(choices) > 1 else ["("]
    rest = _written(phrase[closed + 1 if len(choices) > 1 else opened + 1 :])
    return [phrase[:opened] + head + tail for head in heads for tail in rest]


def _closing(phrase: str, opened: int) -> int:
    """Where the bracket that opens there is closed, or 0."""
    depth = 0
    for at in range(opened, len(phrase)):
        depth += (phrase[at] == "(") - (phrase[at] == ")")
        if depth == 0:
            return at
    return 0


def _choices(phrase: str) -> Iterator[str]:
    """The choices of a group: its text between the bars that stand in no group inside it."""
    depth = start = 0
    for at, letter in enumerate(phrase):
        depth += (letter == "(") - (letter == ")" and depth > 0)
        if letter == "|" and depth == 0:
            yield phrase[start:at]
            start = at + 1
    yield phrase[start:]


@cache
def load_rules() -> ContextRules:
    """The rules of ``context.toml``, read once."""
    source = tomllib.loads(knowledge_of("fhir_coder.reading").joinpath("context.toml").read_text(encoding="utf-8"))
    rules = tuple(_parse_rule(entry) for entry in source["rule"])
    root = _Node()
    for rule in rules:
        for phrase in {phrase for cue in rule.cues for phrase in expand(cue)}:
            _insert(root, phrase, rule)
    sections = {SectionKind(entry["kind"]): SectionDefault(entry["id"], _effects(entry["effects"])) for entry in source["section"]}
    return ContextRules(rules, MappingProxyType(sections), frozenset(source["clause_words"]), root)


def _parse_rule(entry: Mapping[str, object]) -> ContextRule:
    fields = dict(entry)
    return ContextRule(
        id=str(fields["id"]),
        direction=Direction(str(fields["direction"])),
        effects=_effects(fields["effects"]),
        cues=tuple(fields["cues"]),  # type: ignore[arg-type]
        example=str(fields["example"]),
        scope=int(str(fields.get("scope", 0))),
        is_clause=bool(fields.get("clause", False)),
    )


def _effects(names: object) -> tuple[Effect, ...]:
    return tuple(_EFFECTS[str(name)] for name in names)  # type: ignore[attr-defined]


def _insert(root: _Node, phrase: str, rule: ContextRule) -> None:
    # Most cues are plain words, which need no tokenizer: there are tens of thousands of phrases.
    is_plain = phrase.isascii() and phrase.replace(" ", "").isalpha()
    words = phrase.lower().split() if is_plain else [token.word for token in tokenize(phrase, 0, len(phrase))]
    node = root
    for word in words:
        node = node.following.setdefault(word, _Node())
    if words and rule not in node.rules:
        node.rules.append(rule)


def _hides(longer: Cue, cue: Cue) -> bool:
    """Whether a cue that covers another is the one that counts. Terminations neither hide nor are hidden."""
    if Direction.TERMINATE in (longer.rule.direction, cue.rule.direction) or not longer.rule.dimensions & cue.rule.dimensions:
        return False
    longer_length, length = longer.last - longer.first, cue.last - cue.first
    covers = longer.first <= cue.first and cue.last <= longer.last
    if longer.rule.direction is Direction.PSEUDO and cue.rule.direction is not Direction.PSEUDO:
        overlaps = longer.first <= cue.first < longer.last  # a cue that began earlier was meant
        return covers or (overlaps and longer_length > length)
    return covers and longer_length > length
