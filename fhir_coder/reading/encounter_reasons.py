"""Reasons for the encounter that a note tells by what it is and what was done: an annual examination, a vaccine given, a prenatal visit.

The rules are data: ``encounter_reasons.toml`` and, by what they are about, the files of ``reasons``. They are found sentence by sentence, with
offsets, in the shape of dictionary terms.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from fhir_coder.beginnings import folded
from fhir_coder.model import Section, SectionKind
from fhir_coder.reading.body_mass import MeasuredTerm
from fhir_coder.reading.first_words import FirstWords, first_words
from terminology.knowledge import knowledge_of

#: The title of a note and what it is about stand in its first lines.
OPENING = 250

_CARE = frozenset(
    {
        SectionKind.ASSESSMENT,
        SectionKind.PLAN,
        SectionKind.ASSESSMENT_AND_PLAN,
        SectionKind.DIAGNOSES,
        SectionKind.ORDERS,
        SectionKind.PROCEDURE,
        SectionKind.BODY,
    }
)
_BEFORE = r"(?<![\w-])"
_CLAUSE = re.compile(r",|\[[ xX]?\]|\s[-–—]+>?\s|\s->|\(|\)|\b(?:but|though|although)\b")
_NAME = re.compile(r"<([a-z][a-z-]+)>")
SURE = "sure"
"""Stands in the source of a reason whose words leave no doubt: an act done at this visit, or the visit named by what it is."""
_SENTENCE = re.compile(r"[^.;\n•]+(?:\.(?=\w)[^.;\n•]*)*")


@dataclass(frozen=True, slots=True)
class _Reason:
    """A rule of the files. Its patterns are text: most notes need few of them compiled; an empty one is not given."""

    id: str
    code: str
    where: str
    age: str
    sex: str
    source: str
    is_by_clause: bool
    holds: frozenset[str]
    alternatives: tuple[str, ...]
    words: str
    beside: str
    unless: str
    certain: str
    note: str
    unless_note: str


def find_encounter_reasons(text: str, sections: tuple[Section, ...]) -> Iterator[MeasuredTerm]:
    """Every reason that the note tells, each at its first place in a sentence; ``sections`` are those of the note."""
    in_note: dict[str, bool] = {}
    reasons, plain = _reasons(), folded(text)
    for sentence in _SENTENCE.finditer(text):
        for reason in (reasons[number] for number in _first_words().possible(plain, *sentence.span())):
            span = _place_of(reason, text, sentence.start(), sentence.end(), sections)
            if span is None:
                continue
            if reason.id not in in_note:
                in_note[reason.id] = _is_of_note(reason, text)
            if in_note[reason.id]:
                yield MeasuredTerm(*span, (reason.code,), reason.source, sex=reason.sex, age=reason.age)


def dimensions_that_hold(sources: tuple[str, ...]) -> frozenset[str]:
    """What the words of a reason with one of these ``sources`` decide themselves, so that cues around them say nothing more of it:
    ``presence``, ``person``, ``time``. A partner's infection is told of the partner and is the patient's contact."""
    return frozenset().union(*(_holding().get(source, frozenset()) for source in sources))


def _place_of(reason: _Reason, text: str, start: int, end: int, sections: tuple[Section, ...]) -> tuple[int, int] | None:
    """The first place in the sentence where the reason is told and meant."""
    for found in _compiled(reason.words).finditer(text, start, end):
        around = _clause_around(text, start, end, found) if reason.is_by_clause else text[start:end]
        if _is_there(reason, found.start(), sections) and _is_meant(reason, around):
            return found.span()
    return None


def _clause_around(text: str, start: int, end: int, found: re.Match[str]) -> str:
    """The part of the sentence between the nearest commas, dashes or boxes around what was found."""
    before = [stop.end() for stop in _CLAUSE.finditer(text, start, found.start())]
    after = _CLAUSE.search(text, found.end(), end)
    return text[before[-1] if before else start : after.start() if after else end]


def _is_there(reason: _Reason, offset: int, sections: tuple[Section, ...]) -> bool:
    """Whether the place is one where the reason may be told."""
    if reason.where == "opening":
        return offset < OPENING
    if reason.where == "care":
        return any(section.kind in _CARE for section in sections if section.start <= offset < section.end)
    return True


def _is_meant(reason: _Reason, words: str) -> bool:
    if reason.certain and _compiled(reason.certain).search(words):
        return True
    if reason.unless and _compiled(reason.unless).search(words):
        return False
    return not reason.beside or _compiled(reason.beside).search(words) is not None


def _is_of_note(reason: _Reason, text: str) -> bool:
    """Whether the rest of the note allows the reason."""
    if reason.unless_note and _compiled(reason.unless_note).search(text):
        return False
    return not reason.note or _compiled(reason.note).search(text) is not None


@cache
def _reasons() -> tuple[_Reason, ...]:
    folder = knowledge_of("fhir_coder.reading")
    files = [folder.joinpath("encounter_reasons.toml"), *sorted(folder.joinpath("reasons").iterdir(), key=lambda one: one.name)]
    tables = [tomllib.loads(one.read_text(encoding="utf-8")) for one in files if one.name.endswith(".toml")]
    names = {name: words for table in tables for name, words in table.get("names", {}).items()}
    return tuple(_reason(row, names) for table in tables for row in table["reason"])


def _reason(row: Mapping[str, Any], names: Mapping[str, str]) -> _Reason:
    def some(field: str) -> str:
        return "|".join(_written_out(one, names) for one in row.get(field, ()))

    words = tuple(_written_out(one, names) for one in row["words"])
    return _Reason(
        id=row["id"],
        code=row["code"],
        where=row["where"],
        age=row.get("age", ""),
        sex=row.get("sex", ""),
        source=f"reason:{SURE}:{row['id']}" if row.get(SURE) else f"reason:{row['id']}",
        is_by_clause=row.get("by", "") == "clause",
        holds=frozenset(row.get("holds", ())),
        alternatives=words,
        words="|".join(words),
        beside=some("beside"),
        unless=some("unless"),
        certain=some("certain"),
        note=some("note"),
        unless_note=some("unless_note"),
    )


def _written_out(pattern: str, names: Mapping[str, str]) -> str:
    """The pattern with every name in angle brackets replaced by what it stands for, which may hold names itself."""
    while (found := _NAME.search(pattern)) and found.group(1) in names:
        pattern = f"{pattern[: found.start()]}(?:{names[found.group(1)]}){pattern[found.end() :]}"
    return pattern


@cache
def _holding() -> Mapping[str, frozenset[str]]:
    return {reason.source: reason.holds for reason in _reasons() if reason.holds}


@cache
def _first_words() -> FirstWords:
    """How the words of every reason begin: most sentences can tell none or a few of them."""
    return first_words(reason.alternatives for reason in _reasons())


@cache
def _compiled(alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"{_BEFORE}(?:{alternatives})(?![\w-])", re.IGNORECASE)
