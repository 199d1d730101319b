"""Reasons for the encounter that a note tells by what it is and what was done: an annual examination, a vaccine given, a prenatal visit.

The rules are data (``encounter_reasons.toml``). They are found sentence by sentence, with offsets, in the shape of dictionary terms.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from fhir_coder.model import Section, SectionKind
from fhir_coder.reading.body_mass import MeasuredTerm
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
_SENTENCE = re.compile(r"[^.;\n•]+(?:\.(?=\w)[^.;\n•]*)*")


@dataclass(frozen=True, slots=True)
class _Reason:
    id: str
    code: str
    where: str
    age: str
    words: re.Pattern[str]
    beside: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    certain: re.Pattern[str] | None


def find_encounter_reasons(text: str, sections: tuple[Section, ...]) -> Iterator[MeasuredTerm]:
    """Every reason that the note tells, each at its first place in a sentence; ``sections`` are those of the note."""
    for sentence in _SENTENCE.finditer(text):
        if not _any_reason().search(text, sentence.start(), sentence.end()):
            continue
        for reason in _reasons():
            found = reason.words.search(text, sentence.start(), sentence.end())
            if found and _is_there(reason, found.start(), sections) and _is_meant(reason, sentence.group()):
                yield MeasuredTerm(found.start(), found.end(), (reason.code,), f"reason:{reason.id}", age=reason.age)


def _is_there(reason: _Reason, offset: int, sections: tuple[Section, ...]) -> bool:
    """Whether the place is one where the reason may be told."""
    if reason.where == "opening":
        return offset < OPENING
    if reason.where == "care":
        return any(section.kind in _CARE for section in sections if section.start <= offset < section.end)
    return True


def _is_meant(reason: _Reason, sentence: str) -> bool:
    if reason.certain is not None and reason.certain.search(sentence):
        return True
    if reason.unless is not None and reason.unless.search(sentence):
        return False
    return reason.beside is None or reason.beside.search(sentence) is not None


@cache
def _reasons() -> tuple[_Reason, ...]:
    rows = tomllib.loads(knowledge_of("fhir_coder.reading").joinpath("encounter_reasons.toml").read_text(encoding="utf-8"))["reason"]
    return tuple(
        _Reason(
            row["id"],
            row["code"],
            row["where"],
            row["age"],
            _any(row["words"]),
            _some(row.get("beside")),
            _some(row.get("unless")),
            _some(row.get("certain")),
        )
        for row in rows
    )


@cache
def _any_reason() -> re.Pattern[str]:
    """The words of every reason as one pattern: most sentences have none, and are searched once instead of once for each reason. What may not
    stand before a word is asked once for all of them, which rules out most places of a sentence at the first look."""
    return re.compile(rf"{_BEFORE}(?:{'|'.join(reason.words.pattern.removeprefix(_BEFORE) for reason in _reasons())})", re.IGNORECASE)


def _some(patterns: list[str] | None) -> re.Pattern[str] | None:
    return _any(patterns) if patterns else None


def _any(patterns: list[str]) -> re.Pattern[str]:
    return re.compile(rf"{_BEFORE}(?:{'|'.join(patterns)})(?![\w-])", re.IGNORECASE)
