"""What one title of an index says: its alternatives, and whether it names a thing, describes one, or joins two.

Only what is printed is used; no word is added. A title such as "Diabetes, diabetic" or "fossa or space" holds alternatives, "Apnea, sleep"
a term and its modifier, "in (due to)" a connecting word, "with coma" a connecting word and a thing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache

from terminology.knowledge import knowledge_of

#: Words that join what follows them to the term above (Official Guidelines, I.A.14 and I.A.15), the longer before the shorter.
_CONNECTIVES = (
    "as a result of|as cause of|associated with|because of|caused by|complicated by|complicating|due to|resulting from|resulting in|"
    "secondary to|related to|attributed to|attributable to|arising in|with|without|in|of|following|during|from|to|on|by|after|involving|"
    "affecting|causing|into|through|for|at|within|between|among|as|and|under|over|against|before|requiring|not"
)
_CONNECTIVE = re.compile(rf"(?P<word>{_CONNECTIVES})(?=$|[ ,])", re.I)
_ENDS_JOINING = re.compile(rf"^(?P<head>.+?) (?P<word>{_CONNECTIVES})$", re.I)
_ALSO_JOINING = re.compile(rf"^(?:,? or |, )(?P<word>{_CONNECTIVES})(?=$|[ ,])", re.I)

_BRACKETS = re.compile(r"\s*\[[^\]]*\]")
_RESIDUAL_MARK = re.compile(r",?\s+(?:NEC|NOS)\b\.?")
_OR = re.compile(r"^(?P<before>(?:[\w'-]+ )*?)(?P<first>[\w'-]+)(?:, (?P<second>[\w'-]+),?)? or (?P<last>[\w'-]+)(?P<after>(?: [\w'-]+)*)$")
_LEAST_COMMON = 4

_ADJECTIVE_ENDINGS = ("al", "ic", "ous", "ary", "ory", "ive", "ar", "oid", "ed", "ible", "able", "ile", "ean", "less", "iform", "genic")
_DESIGNATION = re.compile(r"(?:stage|type|grade|class|group|phase|level|degree|stages|types)\b.*|(?:.* )?(?:\d+|[IVX]+)", re.I)


@dataclass(frozen=True, slots=True)
class Element:
    """One term of a path. ``joins`` are the connecting words it begins with, ``names`` the alternatives for what it names (empty when it
    only joins), ``adjectives`` those of them that describe ("diabetic"), ``opens`` a connecting word it ends with ("coma due to").
    """

    joins: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    adjectives: tuple[str, ...] = ()
    opens: str = ""

    @property
    def is_descriptive(self) -> bool:
        """Whether the element describes what stands above it, as "bacterial" does, rather than naming a place, cause or part."""
        return bool(self.names) and is_adjective(self.names[0])

    @property
    def is_designation(self) -> bool:
        """Whether the element numbers or grades what stands above it: "stage 3", "type II"."""
        return bool(self.names) and _DESIGNATION.fullmatch(self.names[0]) is not None


@cache
def read_elements(title: str) -> tuple[Element, ...]:
    """The elements of one title; two for a title whose comma sets a modifier off ("Apnea, sleep")."""
    words = _RESIDUAL_MARK.sub("", _BRACKETS.sub("", title)).strip(" ,")
    joins, rest = _split_joins(words)
    if not rest:
        return (Element(joins),) if joins else ()
    opens = ""
    if (ending := _ENDS_JOINING.match(rest)) is not None:
        rest, opens = ending["head"], ending["word"].lower()
    first, *others = _parts(rest)
    elements = [replace(first, joins=joins), *others]
    elements[-1] = replace(elements[-1], opens=opens)
    return tuple(elements)


def read_joins(words: str) -> tuple[str, ...]:
    """The connecting words when the text is nothing else, else none."""
    joins, rest = _split_joins(words)
    return () if rest else joins


def is_adjective(phrase: str) -> bool:
    """Whether the last word of a phrase describes, by its form."""
    last = phrase.rsplit(" ", 1)[-1].lower()
    return last in _adjectives() or (len(last) > 4 and last.endswith(_ADJECTIVE_ENDINGS))


@cache
def _adjectives() -> frozenset[str]:
    lines = knowledge_of("terminology.vocabulary").joinpath("index_adjectives.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _split_joins(words: str) -> tuple[tuple[str, ...], str]:
    """The connecting words a text begins with ("due to or associated with trauma"), and the rest."""
    match = _CONNECTIVE.match(words)
    if match is None:
        return (), words
    joins = [match["word"].lower()]
    rest = words[match.end() :]
    while (further := _ALSO_JOINING.match(rest)) is not None:
        joins.append(further["word"].lower())
        rest = rest[further.end() :]
    return tuple(joins), rest.strip(" ,")


def _parts(words: str) -> list[Element]:
    """The alternatives of a title, or its head and its modifier."""
    pieces = [piece.strip() for piece in words.split(", ")]
    if len(pieces) > 1 and all(_is_same_stem(pieces[0], piece) for piece in pieces[1:]):
        nouns = tuple(piece for piece in pieces if not is_adjective(piece))
        return [Element(names=nouns or tuple(pieces), adjectives=tuple(piece for piece in pieces if is_adjective(piece)) if nouns else ())]
    if len(pieces) == 2 and " or " not in words and _CONNECTIVE.match(pieces[1]) is None:
        return [Element(names=(pieces[0],)), Element(names=(pieces[1],))]
    if len(pieces) == 2 and " or " in pieces[1] and " " not in pieces[0]:
        return [Element(names=(pieces[0],)), Element(names=_alternatives(pieces[1]))]
    return [Element(names=_alternatives(words))]


def _is_same_stem(one: str, other: str) -> bool:
    """Whether two spellings of one term are listed side by side ("heart, cardiac" is not such a pair, "abdomen, abdominal" is)."""
    return " " not in other and one[:_LEAST_COMMON].lower() == other[:_LEAST_COMMON].lower() and len(other) >= _LEAST_COMMON


def _alternatives(words: str) -> tuple[str, ...]:
    """Both sides of a plain "or": "ectopic or molar pregnancy" is "ectopic pregnancy" and "molar pregnancy"."""
    match = _OR.match(words)
    if match is None:
        return (words,)
    middle = [match[name] for name in ("first", "second", "last") if match[name]]
    return tuple(f"{match['before']}{word}{match['after']}" for word in middle)
