"""Injuries named in any order of words: a kind of injury ("lac", "2nd degree burn") and the part of the body it stands beside ("L index, volar").

Chapter 19 has a code for each kind at each site, far more than phrases can be listed for; its titles are put together from both, and so are the
codes here. Kinds and sites are data (``injury_kinds.toml``, ``injury_sites.tsv``, ``fracture_sites.tsv``). Side, displacement and seventh
character are completed with every other code's, and what the note asserts of it is judged as of every other mention.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fhir_coder.model import SectionKind
from fhir_coder.reading.body_mass import MeasuredTerm
from fhir_coder.reading.injury_rules import InjuryRules, Kind, Site, load_injuries
from fhir_coder.reading.mechanism import TELLING
from fhir_coder.reading.sentences import Sentence

SOURCE = "lexicon:injury:"
"""How the source of every such term begins; kind and place follow."""

TOLD_IN = TELLING | {SectionKind.PLAN, SectionKind.PROCEDURE}
_WOUNDS = frozenset({"open", "burn"})
_EXAMINED = frozenset({SectionKind.PHYSICAL_EXAM, SectionKind.OBJECTIVE})
"""What is seen on examination is named again where the visit is assessed; only of wounds it is often the only description."""

_EMBEDDED = re.compile(r"(?:FB|foreign bod|fragment|shaving|metal)", re.IGNORECASE)
"""Of what is found in the skin these are in it; a bead or an insect is in an orifice."""

_BEFORE, _AFTER, _WINDOW = 24, 45, 70
_WHOLE = 9
"""Tens of percent of the body surface that T31 counts to."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A site named in a sentence."""

    start: int
    end: int
    site: Site


@dataclass(frozen=True, slots=True)
class _Named:
    """A kind of injury named in a sentence."""

    start: int
    end: int
    kind: Kind


def find_injuries(text: str, kind: SectionKind, sentences: Sequence[Sentence]) -> tuple[MeasuredTerm, ...]:
    """The injuries that the sentences of one section name, in reading order."""
    rules = load_injuries()
    found: list[MeasuredTerm] = []
    if kind in TOLD_IN or kind in _EXAMINED:
        for sentence in sentences:
            if rules.any_kind.search(text, sentence.start, sentence.end):
                found.extend(term for term in _of_sentence(text, sentence, rules, kind))
    return tuple(sorted(found, key=lambda term: (term.start, term.end)))


def find_burnt_surface(text: str) -> Iterator[MeasuredTerm]:
    """How much of the body is burnt, where a note of burns says so: the last such percentage is that of them all (guideline I.C.19.d.6)."""
    rules = load_injuries()
    stated = list(rules.surface.finditer(text)) if rules.is_burn(text) else []
    if stated:
        share = max(float(found.group(1) or found.group(2)) for found in stated)
        tens = int(share // 10)
        if tens <= _WHOLE:
            yield MeasuredTerm(stated[-1].start(), stated[-1].end(), (f"T31.{tens}" + ("0" if tens else ""),), f"{SOURCE}surface", age="")


def _of_sentence(text: str, sentence: Sentence, rules: InjuryRules, section: SectionKind) -> Iterator[MeasuredTerm]:
    named = [one for one in _kinds(text, sentence, rules) if section not in _EXAMINED or one.kind.column in _WOUNDS]
    if not named:
        return
    places = _places(text, sentence, rules)
    taken: set[int] = set()
    for at, one in enumerate(named):
        low = named[at - 1].end if at else sentence.start
        high = named[at + 1].start if at + 1 < len(named) else sentence.end
        if one.kind.column == "fracture":
            yield from _fracture(text, one, (low, high), rules)
            continue
        inside = [place for place in places if low <= place.start and place.end <= high and place.start not in taken]
        chosen = _chosen(text, one, inside, high == sentence.end, rules)
        taken.update(place.start for place in chosen)
        for number, place in enumerate(chosen):
            codes = _codes(text, sentence, one, (low, high), place, rules)
            if codes:
                # Of a list of places each after the first stands alone, so that its side is its own.
                start, end = (place.start, place.end) if number else (min(one.start, place.start), max(one.end, place.end))
                yield MeasuredTerm(start, end, codes, f"{SOURCE}{one.kind.id}", age="")


def _kinds(text: str, sentence: Sentence, rules: InjuryRules) -> list[_Named]:
    found: list[_Named] = []
    for kind in rules.kinds:
        for match in kind.words.finditer(text, sentence.start, sentence.end):
            before, after = text[max(sentence.start, match.start() - 40) : match.start()], text[match.end() : match.end() + 20].lstrip(" -")
            is_free = all(match.end() <= one.start or one.end <= match.start() for one in found)
            if is_free and not kind.silent_before.search(before) and not kind.silent_after.match(after):
                found.append(_Named(match.start(), match.end(), kind))
    return sorted(found, key=lambda one: one.start)


def _places(text: str, sentence: Sentence, rules: InjuryRules) -> list[_Place]:
    """The sites of a sentence, without those inside a longer one."""
    found = [
        _Place(match.start(), match.end(), site)
        for site in rules.sites
        for match in site.words.finditer(text, sentence.start, sentence.end)
    ]
    kept: list[_Place] = []
    for one in sorted(found, key=lambda place: (place.start - place.end, place.start)):
        if all(one.end <= other.start or other.end <= one.start for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda place: place.start)


def _chosen(text: str, one: _Named, places: Sequence[_Place], is_last: bool, rules: InjuryRules) -> list[_Place]:
    """The places that an injury is of: what "of" or "to" leads to, else the one right before it, else those after it."""
    before = [place for place in places if place.end <= one.start and _is_plain(text[place.end : one.start])][-1:]
    after = [place for place in places if place.start >= one.end]
    near = after[:1] if after and after[0].start - one.end <= _AFTER else []
    leads = bool(near) and rules.of.match(text[one.end : near[0].start] + " ") is not None
    if before and not leads:
        earlier = [place for place in places if place.end <= before[0].start]
        linked = earlier[-1:] if earlier and rules.link.match(text[earlier[-1].end : before[0].start]) else []
        return linked + before if one.kind.column != "fb" else before
    if not near:
        return before
    return _chain(text, near[0], after[1:], is_last, rules)


def _is_plain(between: str) -> bool:
    return len(between) <= _BEFORE and not re.search(r"[,;:.]\s|\b(?:and|with|from|by|on|no|not|or)\b", between)


def _chain(text: str, first: _Place, others: Sequence[_Place], is_last: bool, rules: InjuryRules) -> list[_Place]:
    """The place with those that are listed after it; what narrows it down ("L hand, palm") takes its turn."""
    chain = [first]
    for place in others:
        between = text[chain[-1].end : place.start]
        if rules.refine.match(between) and chain[-1].site.is_wide:
            chain[-1] = place
        elif rules.link.match(between) and not (place.site.is_digit and "," in between):
            chain.append(place)
        else:
            break
    # The last of a list before another kind belongs to that one: "abrasion of the knee and elbow contusion".
    return chain if is_last or len(chain) == 1 else chain[:-1]


def _codes(text: str, sentence: Sentence, one: _Named, bounds: tuple[int, int], place: _Place, rules: InjuryRules) -> tuple[str, ...]:
    """The codes of a kind at a place; two where both sides are hurt."""
    kind, whole = one.kind, text[sentence.start : sentence.end]
    site, digit = _narrowed(text, place.site, rules), kind.digit
    if kind.id == "bite" and not rules.animal.search(text):
        return ()
    if kind.id == "contusion" and "matoma" in text[one.start : one.end] and not rules.trauma.search(text):
        return ()
    if kind.id == "puncture" and rules.is_bitten(text):
        digit = rules.digit_of("bite")
    elif kind.id in ("laceration", "puncture") and rules.is_told(rules.foreign, whole):
        digit = str(int(digit) + 1)
    column = kind.column
    if column in ("open", "contusion") and site.has(f"nail_{column}") and rules.is_told(rules.nail, whole):
        column = f"nail_{column}"
    template = site.code(column)
    if column == "fb" and not template and _EMBEDDED.match(text, one.start) and not rules.is_open_wound(whole):
        template, digit = site.code("superficial"), rules.digit_of("splinter")
    if column == "burn":
        near = (text[bounds[0] : one.end], text[one.end : bounds[1]], whole, text)
        return (rules.burnt(template, whole, near),) if template else ()
    return _sided(template.replace("#", digit), text, place, rules)


def _narrowed(text: str, site: Site, rules: InjuryRules) -> Site:
    """The only finger that the note names, for a mere finger."""
    if not site.is_digit:
        return site
    named = [one for one in rules.sites if one.is_one_digit and one.words.search(text)]
    return named[0] if len(named) == 1 else site


def _sided(template: str, text: str, place: _Place, rules: InjuryRules) -> tuple[str, ...]:
    if not template:
        return ()
    right, *others = template.split("|")
    if rules.both.search(text[max(0, place.start - 25) : place.start]):
        return (right, others[0]) if others else (f"{right}1", f"{right}2")
    return (right,) if not others or rules.has_side.search(text) else (others[-1],)


def _fracture(text: str, one: _Named, bounds: tuple[int, int], rules: InjuryRules) -> Iterator[MeasuredTerm]:
    """The fracture of the bone whose row has most of its words beside it."""
    low, high = max(bounds[0], one.start - _WINDOW), min(bounds[1], one.end + _WINDOW)
    best: tuple[int, int, int, str] | None = None
    for row in rules.fractures:
        found = [pattern.search(text, low, high) for pattern in row.words]
        spans = [match.span() for match in found if match is not None]
        if len(spans) == len(found) and (best is None or len(spans) > best[0]):
            best = (len(spans), min(span[0] for span in spans), max(span[1] for span in spans), row.code)
    if best is not None:
        right, *others = best[3].split("|")
        code = right if not others or rules.has_side.search(text) else others[-1]
        yield MeasuredTerm(min(one.start, best[1]), max(one.end, best[2]), (code,), f"{SOURCE}fracture", age="")
