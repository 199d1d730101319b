"""The phrases that a path of index terms stands for, in the word orders clinicians use.

A path such as "Fracture, traumatic > femur > neck" is read as a thing with what describes and places it: descriptions go before the thing
("chronic kidney disease"), places before it or after "of" or "in" ("fracture of neck of femur"), joined things after their connecting word
("pneumonia due to adenovirus"). Only printed words are used. Conventions: Official Guidelines, I.A.7 (nonessential modifiers may be there or
not), I.A.6 and I.A.9.b ("NOS" and "unspecified" say nothing more), I.A.15 ("with" and "in" mean association, in either order).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from terminology.vocabulary.index_titles import Element, is_adjective, read_elements, read_joins

#: The most ways in which one thing, and one whole path, is written.
_THING_LIMIT = 6
_PATH_LIMIT = 5
_JOINED_FORMS = 2
#: Of how many wordings the next term is set off by a comma or "in".
_SET_OFF = 1
_LONGEST = 7
_MOST_MODIFIERS = 8

_UNSPECIFIED = re.compile(r"^(?:unspecified\b.*|NOS|(?:site|type) (?:unspecified|NOS)|(?:unilateral )?side (?:unspecified|NOS))$", re.I)
_SIDES = frozenset({"right", "left", "bilateral", "right side", "left side"})
#: A fracture is traumatic unless another kind is said, and stands under main terms of its own then (I.C.13.c, I.C.19.c).
_FRACTURE = re.compile(r"^Fracture, traumatic$")
_RESIDUAL = re.compile(
    r"(?<!un)specified|\belsewhere\b|\bother\b|\bby (?:site|type|specific)\b|\bcode (?:to|by)\b|\bsee\b|\boverlapping\b|\bany\b|\bexcept\b|"
    r"\bNEC in\b|\bresulting in\b",
    re.I,
)
#: A modifier that can be said before or after its term: up to three words.
_MODIFIER = re.compile(r"[^\W_][\w'-]*(?: [\w'-]+){0,2}")


class Step(NamedTuple):
    """One term of a path as the tables print it."""

    title: str
    modifiers: tuple[str, ...] = ()


class Wording(NamedTuple):
    """A phrase and how far it is from the printed path; of two paths that claim a phrase the nearer one has it."""

    phrase: str
    distance: int


class _Built(NamedTuple):
    """A thing as far as it is written: its wordings, those before it was placed, and the place ("femur neck") they lead to."""

    forms: list[tuple[str, int]]
    before: Sequence[tuple[str, int]] = ()
    place: str = ""


class _Joined(NamedTuple):
    """A thing with the words that join it to the one before."""

    joins: tuple[str, ...]
    thing: list[Element]


def is_residual(path: Sequence[Step]) -> bool:
    """Whether the path leads to what is left over ("specified NEC") or leans on other words ("by site"): no phrase can say that."""
    return any(_RESIDUAL.search(step.title) for step in path)


def phrase_path(path: Sequence[Step]) -> tuple[Wording, ...]:
    """The wordings of a path, nearest first, the most natural one leading. Empty for residual paths.

    Sides and "unspecified" are left out at a distance: the side is completed from the note, and nothing said is unspecified (I.B.13, I.A.9.b).
    """
    if is_residual(path):
        return ()
    said, distance = _said(path)
    if not said:
        return ()
    found = [Wording(phrase, near + distance) for phrase, near in _write(said)]
    for variant in _with_modifier(said):
        found += [Wording(phrase, near + distance + 2) for phrase, near in _write(variant, limit=2)]
    return _distinct(found)


def write_thing(titles: Sequence[Step]) -> tuple[str, ...]:
    """The ways to write a path that names one thing, such as a substance or a site, the most natural one first."""
    return tuple(wording.phrase for wording in phrase_path(titles))


def _said(path: Sequence[Step]) -> tuple[tuple[Step, ...], int]:
    """The steps that say something, and the distance that leaving out the others makes."""
    said = tuple(step for step in path if not _UNSPECIFIED.match(step.title) and step.title.lower() not in _SIDES)
    return said, 3 * (len(path) - len(said))


def _with_modifier(path: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    """The path with one nonessential modifier of its last term said. Those of terms above are not taken down: a subterm can exclude them
    (I.A.7, "mutually exclusive")."""
    *above, last = path
    for modifier in last.modifiers[:_MOST_MODIFIERS]:
        if not _MODIFIER.fullmatch(modifier) or _RESIDUAL.search(modifier) or read_elements(modifier)[0].joins:
            continue
        name = _decapitalised(last.title)
        title = f"{modifier} {name}" if is_adjective(modifier) else f"{name} {modifier}"
        yield (*above, Step(title))


def _write(path: tuple[Step, ...], limit: int = _PATH_LIMIT) -> list[tuple[str, int]]:
    """Every wording of a path without its modifiers."""
    groups = _groups(path)
    if not groups or groups[0].joins or not groups[0].thing:
        return []
    forms = _thing(groups[0].thing)
    for joined in groups[1:]:
        right = _thing(joined.thing)
        if not right:
            return []
        adjectives = groups[0].thing[0].adjectives if len(groups[0].thing) == 1 else ()
        forms = _join(forms, joined.joins, right)
        if len(groups) == 2 and _is_associated(joined.joins):
            forms = _nearest([*forms, *_associated(_thing(groups[0].thing), joined.joins, right, adjectives)])
    return [(phrase, distance) for phrase, distance in forms[:limit] if len(phrase.split()) <= _LONGEST]


def _groups(path: tuple[Step, ...]) -> list[_Joined]:
    """The things of a path, each with what joins it to the one before."""
    groups = [_Joined((), [])]
    pending: tuple[str, ...] = ()
    for step in path:
        for element in read_elements(_FRACTURE.sub("Fracture", step.title)):
            joins = element.joins
            if joins and not element.names:
                joins += tuple(word for modifier in step.modifiers for word in read_joins(modifier))
            joins = (*pending, *joins)
            pending = ()
            if joins and element.names:
                groups.append(_Joined(joins, [element]))
            elif joins:
                pending = joins
            else:
                groups[-1].thing.append(element)
            if element.opens:
                pending = (element.opens,)
    return groups


def _thing(elements: Sequence[Element]) -> list[tuple[str, int]]:
    """The ways to write one thing with its descriptions and places."""
    if not elements:
        return []
    first, *others = elements
    built = _Built([(_decapitalised(name), 0) for name in first.names])
    for number, element in enumerate(others):
        adjectives = first.adjectives if number == 0 else ()
        fresh = [(f"{_decapitalised(adjective)} {name}", 1) for adjective in adjectives for name in element.names if not is_adjective(name)]
        built = _add(built, element, fresh)
    return built.forms


def _add(built: _Built, element: Element, fresh: list[tuple[str, int]]) -> _Built:
    """One more element said of a thing; ``fresh`` are wordings it has beside those of its kind."""
    forms, before, place = built
    name = element.names[0]
    if element.is_descriptive or element.is_designation:
        for each in element.names[:_JOINED_FORMS]:
            fresh += [(f"{form} {each}" if element.is_designation else f"{form}, {each}", cost + 1) for form, cost in forms[:_SET_OFF]]
            fresh += [(f"{each} {form}", cost) for form, cost in forms]
            if place and element.is_descriptive:
                fresh += _placed(before, f"{each} {place}", 1)
        return _Built(_nearest(fresh), before, f"{name} {place}" if place else "")
    for each in element.names[:_JOINED_FORMS]:
        if place:
            fresh += [*_placed(before, f"{each} of {place}", 0), *_placed(before, f"{place} {each}", 0)]
        fresh += _placed(forms[:1] if place else forms, each, 1 if place else 0)
    return _Built(_nearest(fresh), before if place else forms, f"{place} {name}" if place else name)


def _decapitalised(name: str) -> str:
    """A main term as it stands within a sentence; names of persons and abbreviations keep their capitals."""
    return name if "'" in name or not name[1:2].islower() else name[0].lower() + name[1:]


def _nearest(found: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """The nearest wordings of one thing."""
    return [(wording.phrase, wording.distance) for wording in _distinct(Wording(*one) for one in found)][:_THING_LIMIT]


def _placed(forms: Sequence[tuple[str, int]], place: str, cost: int) -> list[tuple[str, int]]:
    """A thing at a place: "femur fracture", "fracture of femur", "fracture, femur", "fracture in femur"."""
    found = []
    for form, near in forms[:_JOINED_FORMS]:
        found += [(f"{place} {form}", near + cost), (f"{form} of {place}", near + cost)]
    for form, near in forms[:_SET_OFF]:
        found += [(f"{form}, {place}", near + cost + 1), (f"{form} in {place}", near + cost + 1)]
    return found


def _join(left: Sequence[tuple[str, int]], joins: Sequence[str], right: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Two things joined as printed."""
    return _nearest(
        (f"{one} {word} {other}", near + far + place)
        for place, word in enumerate(dict.fromkeys(joins))
        for one, near in left[:_JOINED_FORMS]
        for other, far in right[:_JOINED_FORMS]
    )


def _is_associated(joins: Sequence[str]) -> bool:
    """Whether the words mean no more than that two things go together (I.A.15)."""
    return bool({"with", "in"} & set(joins)) and "without" not in joins


def _associated(
    left: Sequence[tuple[str, int]], joins: Sequence[str], right: Sequence[tuple[str, int]], adjectives: Sequence[str]
) -> Iterator[tuple[str, int]]:
    """The other ways to say that two things go together: "diabetic nephropathy", "nephropathy due to diabetes"."""
    one = left[0][0]
    for other, far in right[:_JOINED_FORMS]:
        yield from ((f"{_decapitalised(adjective)} {other}", far + 1) for adjective in adjectives)
        yield from ((f"{other} {word} {one}", far + 2) for word in ("with", "due to"))
        yield from ((f"{one} {word} {other}", far + 2) for word in ("with", "due to", "associated with") if word not in joins)


def _distinct(found: Iterable[Wording]) -> tuple[Wording, ...]:
    """The wordings nearest first, each phrase once."""
    nearest: dict[str, Wording] = {}
    for wording in sorted(found, key=lambda each: each.distance):
        nearest.setdefault(wording.phrase, wording)
    return tuple(nearest.values())
