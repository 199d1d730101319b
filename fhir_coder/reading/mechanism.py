"""External causes told in a history: what happened ("slipped on ice"), where, and during which activity.

Chapter 20 is coded from whatever words the history uses for an accident (Official Guidelines I.C.20.a), which no list of phrases holds; so
sentences are read for sequences of word classes (:mod:`fhir_coder.reading.mechanism_rules`). Of each sentence the most specific cause counts. An
activity or a place is one of an accident only when the sentence or one near it tells of one; a claim for compensation says by itself, and in any
section, that the accident happened at work. A room of a home is one of the kind of residence that the sentences around it name
(:mod:`fhir_coder.reading.residences`). What the note asserts of it, and whether an injury of this visit makes it reportable, later stages decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fhir_coder.model import SectionKind
from fhir_coder.reading.mechanism_rules import Label, MechanismRules, Rule, Step, Told, load_mechanisms, words_of
from fhir_coder.reading.residences import in_residence
from fhir_coder.reading.sentences import Sentence, is_abbreviation

SOURCE = "mechanism:"
"""How the source of every such term begins; the id of its rule follows."""

TELLING = frozenset(
    {
        SectionKind.CHIEF_COMPLAINT,
        SectionKind.REASON_FOR_VISIT,
        SectionKind.HISTORY_OF_PRESENT_ILLNESS,
        SectionKind.INTERVAL_HISTORY,
        SectionKind.SUBJECTIVE,
        SectionKind.BODY,
        SectionKind.ASSESSMENT,
        SectionKind.ASSESSMENT_AND_PLAN,
        SectionKind.DIAGNOSES,
    }
)
"""The sections in which this visit's accident is told; a fall in the past history or in the advice is another one, or none."""

CLAIMING = frozenset(
    {SectionKind.PLAN, SectionKind.INSTRUCTIONS, SectionKind.ADMINISTRATIVE, SectionKind.SOCIAL_HISTORY, SectionKind.ORDERS}
)
"""Sections that tell no accident, but whether a claim for compensation was made."""

_OWNERS = 3
_NEAR = 2
_SAME_HOME = 5
_HURRIED_STOP = re.compile(r"(?<=[\w)\]\"”'’%])[.;!?]+\s+(?=[a-z0-9(\"~])")
_WORD_BEFORE = re.compile(r"[A-Za-z][A-Za-z.]*$")


@dataclass(frozen=True, slots=True)
class MechanismTerm:
    """Words that tell an external cause, in the shape of a dictionary term."""

    start: int
    end: int
    codes: tuple[str, ...]
    source: str
    kind: Told
    section_only: str = ""
    sex: str = ""
    age: str = ""


@dataclass(frozen=True, slots=True)
class _Reading:
    """One sentence: the offsets of its words, its words by class, and the word from which it tells of no accident."""

    offsets: tuple[tuple[int, int], ...]
    labels: Mapping[str, list[Label]]
    silent_from: int
    setting: frozenset[str]

    @property
    def present(self) -> frozenset[str]:
        """The classes that a rule may find."""
        return self.setting | self.labels.keys()


def find_mechanisms(text: str, sentences: Sequence[Sentence]) -> tuple[MechanismTerm, ...]:
    """The external causes, activities, places and statuses that the sentences of one section tell, in reading order."""
    rules = load_mechanisms()
    readings: list[_Reading] = []
    for sentence in sentences:
        for part in _parts(text, sentence):
            readings.append(_read(text, part, rules, readings[-1] if readings else None))
    causes = [_first_told(rules, reading, Told.CAUSE) for reading in readings]
    tells = [cause is not None or bool(rules.events & reading.labels.keys()) for cause, reading in zip(causes, readings, strict=True)]
    found = [cause for cause in causes if cause is not None]
    for at, reading in enumerate(readings):
        is_habit = causes[at] is None and bool(rules.habitual & reading.labels.keys())
        if any(tells[max(0, at - _NEAR) : at + _NEAR + 1]) and not is_habit:
            others = [_first_told(rules, reading, kind) for kind in Told if kind is not Told.CAUSE]
            found.extend(_in_residence(term, at, readings) for term in others if term is not None)
    found.extend(claim for claim in find_claims(text, sentences) if not any(claim.start == term.start for term in found))
    return tuple(sorted(found, key=lambda term: (term.start, term.end)))


def find_claims(text: str, sentences: Sequence[Sentence]) -> Iterator[MechanismTerm]:
    """What says by itself, and in any section, that the accident of this visit happened at work: a claim, a report to the employer."""
    rules = load_mechanisms()
    for sentence in sentences:
        reading = _read(text, sentence, rules, None)
        if rules.claims & reading.labels.keys():
            claim = _first_told(rules, reading, Told.STATUS)
            if claim is not None:
                yield claim


def _parts(text: str, sentence: Sentence) -> Iterator[Sentence]:
    """The sentence at its full stops: hurried notes go on in lower case after them, which ends no sentence elsewhere."""
    start = sentence.start
    for stop in _HURRIED_STOP.finditer(text, sentence.start, sentence.end):
        word = _WORD_BEFORE.search(text, start, stop.start())
        if word is None or not is_abbreviation(word.group()):
            yield Sentence(start, stop.start())
            start = stop.end()
    yield Sentence(start, sentence.end)


def _in_residence(term: MechanismTerm, at: int, readings: Sequence[_Reading]) -> MechanismTerm:
    """A place in the kind of residence that its own or the nearest sentence around it names."""
    around = sorted(range(max(0, at - _SAME_HOME), min(len(readings), at + _SAME_HOME + 1)), key=lambda place: abs(place - at))
    code = next((code for place in around if (code := in_residence(term.codes[0], readings[place].labels))), "")
    return replace(term, codes=(code,)) if code else term


def _read(text: str, sentence: Sentence, rules: MechanismRules, before: _Reading | None) -> _Reading:
    """One sentence, with the setting that the sentence before it names and that may be the first step of a sequence."""
    tokens = words_of(text, sentence.start, sentence.end)
    labels = rules.label(tokens)
    silent_from = min((label.first for name in rules.silenced_by for label in labels.get(name, ())), default=len(tokens))
    setting = rules.settings & before.labels.keys() if before is not None else frozenset()
    return _Reading(tuple((token.start, token.end) for token in tokens), labels, silent_from, frozenset(setting))


def _first_told(rules: MechanismRules, reading: _Reading, kind: Told) -> MechanismTerm | None:
    """The first rule of a kind that the sentence tells."""
    present = reading.labels.keys()
    for rule in rules.that_begin(kind, reading.present):
        if rule.unless.isdisjoint(present):
            span = next(_spans(rule, reading, rules), None)
            if span is not None:
                first, last = _with_owner(span, reading)
                return MechanismTerm(reading.offsets[first][0], reading.offsets[last - 1][1], (rule.code,), SOURCE + rule.id, kind)
    return None


def _spans(rule: Rule, reading: _Reading, rules: MechanismRules) -> Iterator[tuple[int, int]]:
    """The tokens, first and last (exclusive), of every sequence of the rule that the sentence tells."""
    for sequence in rule.sequences:
        if not any(step.classes.isdisjoint(reading.present) for step in sequence):
            if len(sequence) > 1 and not sequence[0].classes.isdisjoint(reading.setting):
                yield from _within(sequence[1:], reading, rules)
            yield from _within(sequence, reading, rules)


def _within(sequence: Sequence[Step], reading: _Reading, rules: MechanismRules) -> Iterator[tuple[int, int]]:
    """The spans of one sequence, or of the rest of one whose setting the sentence before names."""
    for label in _of(sequence[0], reading):
        if label.first < reading.silent_from and (last := _end(sequence[1:], label.last, reading, rules)):
            yield label.first, last


def _end(steps: Sequence[Step], at: int, reading: _Reading, rules: MechanismRules) -> int:
    """Where the rest of a sequence ends when read on from a token, or 0 when it does not follow."""
    if not steps:
        return at
    for label in _of(steps[0], reading):
        if _follows(steps[0], at, label.first, reading, rules):
            last = _end(steps[1:], label.last, reading, rules)
            if last:
                return last
    return 0


def _follows(step: Step, at: int, first: int, reading: _Reading, rules: MechanismRules) -> bool:
    """Whether a word at ``first`` may take the step after a word that ends at ``at``."""
    if not at <= first <= at + (rules.near_gap if step.is_near else rules.gap):
        return False
    return not _is_broken(at, first, reading, rules.breaks | rules.clauses if step.is_near else rules.breaks)


def _of(step: Step, reading: _Reading) -> list[Label]:
    return sorted((label for name in step.classes for label in reading.labels.get(name, ())), key=lambda label: (label.first, label.last))


def _is_broken(first: int, last: int, reading: _Reading, breaks: frozenset[str]) -> bool:
    return any(first <= label.first < last for name in breaks for label in reading.labels.get(name, ()))


def _with_owner(span: tuple[int, int], reading: _Reading) -> tuple[int, int]:
    """The span with the words before it that say whose it is: in "her neighbor's dog bit her" the neighbor is not the one who was hurt."""
    first, last = span
    owned = {label.first for label in reading.labels.get("owner", ())}
    for _ in range(_OWNERS):
        if first - 1 in owned:
            first -= 1
    return first, last
