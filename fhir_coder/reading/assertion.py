"""What the note asserts of each mention: present, absent or possible; the patient's or another's; current, historical or hypothetical.

The rules and their sources are in ``context.toml``, the cues in :mod:`fhir_coder.reading.context`. Choices made here:

- Of several cues about one dimension that reach a mention, the nearest decides; at equal distance absent outranks possible.
- A cue inside a dictionary term ("family history of colon cancer" as one term) belongs to the term's meaning and does not apply to it, nor
  does its section's default. A problem statement, which is only words, is judged by the cue it begins or ends with.
- Cues reach no further than their sentence or item; only a line that ends in a colon ("Denies:") carries into the items under it.
- Cues about persons and times say little of an accident (:func:`is_unheard`).
- In a past medical history the conditions stay current unless words say otherwise: lists of existing conditions stand under that heading.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from fhir_coder.model import Assertion, Assertions, Experiencer, Mention, Mentions, Presence, Section, Temporality
from fhir_coder.reading.context import ContextRules, Cue, Direction, Effect, Token, load_rules, tokenize
from fhir_coder.reading.encounter_reasons import dimensions_that_hold
from fhir_coder.reading.mechanism_rules import Told, told_kind
from fhir_coder.reading.sentences import Sentence, find_sentences

MAX_CARRIED_WORDS = 8
"""A line under "Denies:" without bullet is an item of that list when it has no more words than this."""

_DIMENSIONS: dict[str, type] = {"presence": Presence, "person": Experiencer, "time": Temporality}
_LIST_WORDS = frozenset({"or", "nor"})
_DENYING = frozenset({"no", "not", "without"})
"""Words with which an item after a semicolon says for itself what the note asserts of it."""
_SEMICOLON_ITEM = 5
_AUXILIARIES = frozenset({"also", "had", "has", "who", "was", "then", "accidentally", "reportedly", "recently"})
_DENYING_GAP = 3
_LEISURE = "Y99.8"
_STRENGTH: dict[Effect, int] = {Presence.ABSENT: 0, Presence.POSSIBLE: 1, Presence.PRESENT: 2}


@dataclass(frozen=True, slots=True)
class Reach:
    """The tokens ``first`` up to ``last`` (exclusive) that a cue asserts something of."""

    cue: Cue
    first: int
    last: int
    is_forward: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """One effect of one rule on a mention, ``distance`` tokens away."""

    effect: Effect
    rule_id: str
    distance: int


@dataclass(frozen=True, slots=True)
class SentenceContext:
    """A sentence's tokens, its cues with their reach, and the cues carried into it by a lead-in line."""

    tokens: tuple[Token, ...]
    cues: tuple[Cue, ...]
    reaches: tuple[Reach, ...]


def assert_mentions(mentions: Mentions) -> Assertions:
    """Decide for every mention what its note asserts of it; the order is kept."""
    rules = load_rules()
    texts = {note.id: note.text for note in mentions.sections.encounter.notes}
    contexts: dict[tuple[str, int, int], SentenceContext] = {}
    for section in mentions.sections.sections:
        inside = [m for m in mentions.mentions if m.note_id == section.note_id and section.start <= m.start < section.end]
        contexts.update(_section_contexts(texts[section.note_id], section, inside, rules))
    return Assertions(mentions, tuple(_assert(mention, texts[mention.note_id], contexts, rules) for mention in mentions.mentions))


def _section_contexts(
    text: str, section: Section, mentions: Sequence[Mention], rules: ContextRules
) -> Iterator[tuple[tuple[str, int, int], SentenceContext]]:
    if not mentions:
        return
    needed = {(mention.sentence_start, mention.sentence_end) for mention in mentions}
    carried: tuple[Cue, ...] = ()
    last_end = section.body_start
    for sentence in find_sentences(text, section.body_start, section.end):
        is_lead_in = text[sentence.end - 1] == ":"
        if carried and not _is_list_item(text, last_end, sentence):
            carried = ()
        if is_lead_in or (sentence.start, sentence.end) in needed:
            context = read_context(text, sentence.start, sentence.end, rules, carried)
            yield (section.note_id, sentence.start, sentence.end), context
            carried = _open_cues(context) if is_lead_in else carried
        last_end = sentence.end


def _is_list_item(text: str, last_end: int, sentence: Sentence) -> bool:
    if sentence.is_item:
        return True
    words = text[sentence.start : sentence.end].split()
    return (
        text.count("\n", last_end, sentence.start) == 1
        and len(words) <= MAX_CARRIED_WORDS
        and ":" not in text[sentence.start : sentence.end]
    )


def _open_cues(context: SentenceContext) -> tuple[Cue, ...]:
    """Forward cues whose scope is still open at the end of a lead-in line."""
    end = len(context.tokens)
    return tuple(reach.cue for reach in context.reaches if reach.is_forward and reach.last >= end and not reach.cue.rule.scope)


def read_context(text: str, start: int, end: int, rules: ContextRules, carried: tuple[Cue, ...] = ()) -> SentenceContext:
    """Find the cues of one sentence and how far each reaches."""
    tokens = _with_list_semicolons(tokenize(text, start, end), rules)
    cues = rules.find_cues(tokens)
    words = [token.word for token in tokens]
    reaches = [reach for cue in cues for reach in _reaches(cue, cues, words)]
    reaches.extend(_carried_reach(cue, cues, len(tokens)) for cue in carried)
    return SentenceContext(tuple(tokens), tuple(cues), tuple(reaches))


def _with_list_semicolons(tokens: list[Token], rules: ContextRules) -> list[Token]:
    """Semicolons that separate the items of a list ("denies fever; chills; cough") become commas, which end no scope."""
    places = [position for position, token in enumerate(tokens) if token.word == ";"]
    for place, following in pairwise([*places, len(tokens)]):
        item = [token.word for token in tokens[place + 1 : following]]
        begins_anew = bool(item) and item[0] in _DENYING
        if len(item) <= _SEMICOLON_ITEM + 1 and not begins_anew and not rules.clause_words.intersection(item):
            tokens[place] = Token(",", tokens[place].start, tokens[place].end)
    return tokens


def _reaches(cue: Cue, cues: Sequence[Cue], words: Sequence[str]) -> Iterator[Reach]:
    direction, scope = cue.rule.direction, cue.rule.scope
    if direction in (Direction.FORWARD, Direction.BOTH):
        limit = min(len(words), cue.last + scope) if scope else len(words)
        limit = min([limit, *(other.first for other in cues if other.first >= cue.last and _stops(other, cue))])
        if cue.rule.is_clause:
            limit = _clause_limit(words, cue.last, limit)
        yield Reach(cue, cue.last, limit, is_forward=True)
    if direction in (Direction.BACKWARD, Direction.BOTH):
        limit = max(0, cue.first - scope) if scope else 0
        limit = max([limit, *(other.last for other in cues if other.last <= cue.first and _stops(other, cue))])
        if cue.rule.is_clause:
            limit = max([limit, *(position + 1 for position in range(limit, cue.first) if words[position] == ",")])
        yield Reach(cue, limit, cue.first, is_forward=False)


def _carried_reach(cue: Cue, cues: Sequence[Cue], length: int) -> Reach:
    limit = min([length, *(other.first for other in cues if _stops(other, cue))])
    return Reach(Cue(cue.rule, -1, 0), 0, limit, is_forward=True)


def _stops(other: Cue, cue: Cue) -> bool:
    """Whether another cue ends this one's scope: a termination about it, or a cue about the same dimension."""
    if other.rule.direction is Direction.PSEUDO:
        return False
    if other.rule.direction is Direction.TERMINATE:
        return bool(set(other.rule.effects) & set(cue.rule.effects))
    return bool(other.rule.dimensions & cue.rule.dimensions)


def _clause_limit(words: Sequence[str], first: int, limit: int) -> int:
    if _LIST_WORDS.intersection(words[first:limit]):
        return limit
    return next((position for position in range(first, limit) if words[position] == ","), limit)


def _assert(mention: Mention, text: str, contexts: dict[tuple[str, int, int], SentenceContext], rules: ContextRules) -> Assertion:
    key = (mention.note_id, mention.sentence_start, mention.sentence_end)
    context = contexts.get(key)
    if context is None:
        context = read_context(text, mention.sentence_start, mention.sentence_end, rules)
    first, last = _token_span(mention, context.tokens)
    held = [_DIMENSIONS[name] for name in dimensions_that_hold(mention.sources)]
    decisions = [one for one in _decisions(mention, context, first, last) if type(one.effect) not in held]
    own = {dimension for cue in context.cues if _is_own(cue, mention, first, last) for dimension in cue.rule.dimensions}
    return _assertion(mention, decisions, _section_decisions(mention, rules, own))


def _token_span(mention: Mention, tokens: Sequence[Token]) -> tuple[int, int]:
    first = bisect_left(tokens, mention.start, key=lambda token: token.start)
    last = bisect_left(tokens, mention.end, key=lambda token: token.start)
    return first, max(last, first + 1)


def _decisions(mention: Mention, context: SentenceContext, first: int, last: int) -> Iterator[Decision]:
    for reach in context.reaches:
        cue = reach.cue
        if is_unheard(mention, reach, context.tokens, first):
            continue
        is_inside = cue.first < last and first < cue.last
        if is_inside and not _decides_statement(reach, mention, first, last):
            # "No family history of cancer" denies the term that shares its words, "family history of cancer".
            if mention.codes and reach.is_forward and cue.first < first and Presence.ABSENT in cue.rule.effects:
                yield Decision(Presence.ABSENT, cue.rule.id, 0)
            continue
        if not is_inside and not _covers(reach, first, last):
            continue
        distance = 0 if is_inside else (first - cue.last if reach.is_forward else cue.first - last)
        for effect in cue.rule.effects:
            yield Decision(effect, cue.rule.id, max(distance, 0))


def _covers(reach: Reach, first: int, last: int) -> bool:
    if reach.is_forward:
        return reach.first <= first < reach.last
    return reach.first < last <= reach.last


def _decides_statement(reach: Reach, mention: Mention, first: int, last: int) -> bool:
    """A statement begins with the forward cue, or ends with the backward cue, that is about the whole of it."""
    if not mention.is_problem_statement or mention.codes:
        return False
    return reach.cue.first <= first if reach.is_forward else reach.cue.last >= last


def _is_own(cue: Cue, mention: Mention, first: int, last: int) -> bool:
    is_effect = cue.rule.direction not in (Direction.PSEUDO, Direction.TERMINATE)
    return bool(mention.codes) and is_effect and first <= cue.first and cue.last <= last


def _section_decisions(mention: Mention, rules: ContextRules, own: set[type]) -> list[Decision]:
    default = rules.sections.get(mention.section)
    if default is None:
        return []
    far = mention.sentence_end - mention.sentence_start + 1
    return [Decision(effect, default.id, far) for effect in default.effects if type(effect) not in own]


def _assertion(mention: Mention, decisions: list[Decision], by_section: list[Decision]) -> Assertion:
    everything = decisions + by_section
    presence = _nearest(everything, Presence)
    experiencer = _nearest(everything, Experiencer)
    temporality = _nearest(everything, Temporality)
    cues = [decision.rule_id for decision in (presence, experiencer, temporality) if decision is not None]
    section_id = _section_cue(mention)
    return Assertion(
        mention=mention,
        presence=Presence(presence.effect) if presence else Presence.PRESENT,
        experiencer=Experiencer(experiencer.effect) if experiencer else Experiencer.PATIENT,
        temporality=Temporality(temporality.effect) if temporality else Temporality.CURRENT,
        cues=tuple(dict.fromkeys(cues + section_id)),
    )


def is_unheard(mention: Mention, reach: Reach, tokens: Sequence[Token], first: int) -> bool:
    """Whether a cue says nothing of what the mention tells of an accident. "At his mother's house" names the place and not the one who was hurt: a
    cause is another's only as the predicate of that person ("her son fell"), and place, activity and status are the accident's, unless denied
    by the word before."""
    kind = told_kind(mention.codes)
    if kind is None:
        return False
    effects = set(reach.cue.rule.effects)
    between = [token.word for token in tokens[max(0, reach.cue.last) : first]]
    if kind is Told.CAUSE:
        is_subject = reach.is_forward and reach.cue.last <= first and _AUXILIARIES.issuperset(between)
        return bool(effects & {Experiencer.FAMILY, Experiencer.OTHER}) and not is_subject
    is_denied = Presence.ABSENT in effects and reach.is_forward and len(between) <= _DENYING_GAP
    return not is_denied or mention.codes[0].startswith(_LEISURE)


def _section_cue(mention: Mention) -> list[str]:
    default = load_rules().sections.get(mention.section)
    return [default.id] if default is not None and not default.effects else []


def _nearest(decisions: list[Decision], dimension: type) -> Decision | None:
    about = [decision for decision in decisions if isinstance(decision.effect, dimension)]
    return min(about, key=lambda decision: (decision.distance, _STRENGTH.get(decision.effect, 0)), default=None)
