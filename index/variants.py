"""The ways clinicians write an official title: rules that turn one title into the phrases that mean the same code.

The conventions relied on are those of the ICD-10-CM Official Guidelines, section I.A: parentheses hold nonessential modifiers (I.A.7),
square brackets hold synonyms (I.A.7), "NOS" equals "unspecified" (I.A.6.b), and a documented condition without further detail takes the
unspecified code (I.A.9.b), so that leaving out "unspecified" does not change the code. "NEC" and "other specified" are never left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

#: Titles longer than this are never written word for word in another order.
MAX_REORDERED_WORDS = 9


class Distance(IntEnum):
    """How far a phrase is from the official words; a nearer one wins when two codes claim the same phrase."""

    EXACT = 0
    NONESSENTIAL = 1
    UNSPECIFIED = 2
    DEFAULTED = 3
    REORDERED = 4
    SITE_DROPPED = 5


class Variant(NamedTuple):
    """A phrase for a title and its distance from it."""

    phrase: str
    distance: Distance


_PLURAL_S = re.compile(r"(?<=\w)\(e?s\)")
_ASIDE = re.compile(r"\s*[(\[][^()\[\]]*[)\]]")
_PARENTHESIS = re.compile(r"[()]")
_NOS = re.compile(r",?\s+NOS\b")
_UNSPECIFIED = (
    re.compile(r",? unspecified(?: (?:site|type|organism|cause|degree|severity|stage|location|part|episode|form))?(?=,|$)", re.I),
    re.compile(r"^unspecified ", re.I),
    re.compile(r"\bunspecified (?=\w)", re.I),
    re.compile(r" of (?:site|type|cause|organism|severity|degree)(?=,|$)", re.I),
)
#: Subdivisions the classification gives when nothing is said: absence of complication, intractability and status.
_DEFAULTED = re.compile(
    r",? (?:not intractable|uncomplicated|without status (?:migrainosus|epilepticus)|without complications?)(?=,|$)", re.I
)
_SITE = re.compile(r"^(?P<head>[^,]+), unspecified [^,]+$", re.I)
_COMMA = re.compile(r"^(?P<head>[^,]+), (?P<tail>[^,]+)$")
_OF = re.compile(r"^(?P<head>[\w\- ]+?) (?:of|in) (?:the )?(?P<tail>[\w\- ]+)$")
_RESIDUAL = re.compile(r"^other\b|\bnot elsewhere classified\b|\bNEC\b|classified elsewhere", re.I)


def variants(title: str) -> Iterator[Variant]:
    """Every phrase for a title, nearest first, without repeats. Residual titles ("Other ...", "... NEC") only stand for themselves."""
    seen: set[str] = set()
    for variant in sorted(_derive(title), key=lambda each: each.distance):
        if variant.phrase and variant.phrase not in seen:
            seen.add(variant.phrase)
            yield variant


def _derive(title: str) -> Iterator[Variant]:
    """All variants, possibly repeated and in no order."""
    exact = _PLURAL_S.sub("", title).strip()
    yield Variant(exact, Distance.EXACT)
    if _RESIDUAL.search(exact):
        return
    plain = set(_without_asides(exact))
    yield from (Variant(phrase, Distance.NONESSENTIAL) for phrase in plain)
    said = {_without_unspecified(phrase) for phrase in plain}
    yield from (Variant(phrase, Distance.UNSPECIFIED) for phrase in said)
    defaulted = {_DEFAULTED.sub("", phrase).strip(" ,") for phrase in said}
    yield from (Variant(phrase, Distance.DEFAULTED) for phrase in defaulted)
    for phrase in defaulted | _comma_kept(plain):
        yield from (Variant(other, Distance.REORDERED) for other in reorder(phrase))
    yield from (Variant(match["head"], Distance.SITE_DROPPED) for match in map(_SITE.match, plain) if match)


def _without_asides(phrase: str) -> tuple[str, ...]:
    """The phrase without "NOS", with its parenthesised words dropped, and with them taken as plain words."""
    bare = _NOS.sub("", phrase)
    dropped = _ASIDE.sub("", bare).strip(" ,")
    unwrapped = re.sub(r"\s+", " ", _PARENTHESIS.sub(" ", re.sub(r"\s*\[[^\]]*\]", "", bare))).replace(" ,", ",").strip(" ,")
    return dropped, unwrapped


def _without_unspecified(phrase: str) -> str:
    """The phrase with "unspecified" left out wherever it stands."""
    for pattern in _UNSPECIFIED:
        phrase = pattern.sub("", phrase)
    return phrase.strip(" ,")


def _comma_kept(phrases: Iterable[str]) -> set[str]:
    """Each phrase with its site moved to the tail, "Effusion, unspecified knee" becoming "Effusion, knee"."""
    return {re.sub(r", unspecified (?=\w)", ", ", phrase, flags=re.I) for phrase in phrases}


def reorder(phrase: str) -> Iterator[str]:
    """The other word orders of "A, B" ("B A", "A B", "A of B") and of "A of B" ("B A", "A B")."""
    if len(phrase.split()) > MAX_REORDERED_WORDS or "unspecified" in phrase.lower():
        return
    if comma := _COMMA.match(phrase):
        head, tail = comma["head"], comma["tail"]
        yield f"{tail} {head}"
        yield f"{head} {tail}"
        yield f"{head} of {tail}"
        yield f"{head} in {tail}"
        if inner := _OF.match(head):
            yield f"{tail} {inner['tail']} {inner['head']}"
    elif (of := _OF.match(phrase)) and len(of["tail"].split()) <= 4:
        yield f"{of['tail']} {of['head']}"
        yield f"{of['head']} {of['tail']}"
