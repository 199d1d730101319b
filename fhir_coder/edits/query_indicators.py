"""The statements of an encounter's notes, to be quoted: each as its own words, with the place it stands in."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fhir_coder.edits.case import EditCase
from fhir_coder.model import Evidence, Note, Section, SectionKind

_NOT_THE_PATIENTS_NOW = frozenset({SectionKind.FAMILY_HISTORY, SectionKind.INSTRUCTIONS, SectionKind.ADMINISTRATIVE, SectionKind.ALLERGIES})
_BREAK = re.compile(r"\s*\n\s*|(?<=[.;!?])\s+")
_WRAPPED_FROM = 55
"""A line at least this long that goes on in a small letter is wrapped prose, not the end of a statement."""
_MARKER = re.compile(r"(?:[-•*●▪#>]+|\(?\d{1,2}[.)])\s*")
_DENIED = re.compile(r"\b(?:no|not|denie[sd]|denying|without|negative for|never|neither|nor)\b[^.;:]{0,60}$", re.IGNORECASE)
_NOT_KNOWN_YET = re.compile(
    r"work-?up|\bunclear|\bunknown|undetermined|\bpending|await\w*|to be determined|\bTBD\b|etiology|"
    r"not (?:yet )?(?:clear|known|stated|specified|staged|graded|typed|calculated|measured)|"
    r"\b(?:will (?:check|obtain|order|send)|order(?:ed|ing)?|studies|refer(?:red|ral)?)\b",
    re.IGNORECASE,
)
_NO_INDICATOR = re.compile(
    r"\b(?:clinic|RTC|RTO|return|recheck|repeat|follow[- ]?up|f/?u|education|educated|appointment|call if|father|mother|brother|sister|family|FHx?|dad|mom)\b",
    re.IGNORECASE,
)
_HAS_CONTENT = re.compile(r"\d|\w+\W+\w+\W+\w+")
LONGEST = 160
"""Characters of a quotation; of a longer statement the part around the words is quoted."""
_AROUND = 70
_WITHIN = 3


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence or line of a note: ``note.text[start:end]``."""

    note: Note
    start: int
    end: int
    section: SectionKind

    @property
    def text(self) -> str:
        """Its words."""
        return self.note.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Statements:
    """What the notes of an encounter say, statement by statement."""

    all: tuple[Statement, ...]

    def answer(self, evidence: Iterable[Evidence], names: re.Pattern[str], told: re.Pattern[str]) -> bool:
        """Whether a statement with the evidence, or one that names the condition, or the two behind it, tells the answer, or says that it is not
        known yet."""
        spans = tuple(evidence)
        return any(
            told.search(one.text) or _NOT_KNOWN_YET.search(one.text)
            for place, first in enumerate(self.all)
            if names.search(first.text) or any(_holds(first, span) for span in spans)
            for one in self.all[place : place + _WITHIN]
            if one.note.id == first.note.id
        )

    def affirm(self, words: re.Pattern[str]) -> bool:
        """Whether a statement of the patient has the words, not denied."""
        return any(not _DENIED.search(found.string[: found.start()]) for _, found in self.matches(words))

    def quotes(self, words: re.Pattern[str]) -> Iterator[Evidence]:
        """The statements that have the words and bear on the patient's state, each once: no headings, plans to meet again, relatives."""
        seen: set[tuple[str, int]] = set()
        for quoted, _ in self.matches(words):
            is_said = _HAS_CONTENT.search(quoted.text) and not _NO_INDICATOR.search(quoted.text)
            if is_said and (quoted.note_id, quoted.start) not in seen:
                seen.add((quoted.note_id, quoted.start))
                yield quoted

    def matches(self, words: re.Pattern[str]) -> Iterator[tuple[Evidence, re.Match[str]]]:
        """Every match in what is said of the patient, with the quotation around it."""
        for one in self.all:
            if one.section not in _NOT_THE_PATIENTS_NOW:
                for found in words.finditer(one.text):
                    yield _quote(one, found.start(), found.end()), found

    def around(self, evidence: Iterable[Evidence]) -> Iterator[Evidence]:
        """The statements that evidence stands in."""
        for span in evidence:
            for one in self.all:
                if _holds(one, span):
                    yield _quote(one, span.start - one.start, span.end - one.start)
                    break
            else:
                yield span


def statements_of(case: EditCase) -> Statements:
    """The statements of every note of the case, in order; none without a note."""
    notes = case.encounter.notes if case.encounter else ()
    sections = case.coded.assertions.mentions.sections.sections if case.coded else ()
    return Statements(tuple(one for note in notes for one in _statements(note, [one for one in sections if one.note_id == note.id])))


def _statements(note: Note, sections: list[Section]) -> Iterator[Statement]:
    starts = [section.start for section in sections]
    for start, end in _spans(note.text):
        place = bisect_right(starts, start) - 1
        yield Statement(note, start, end, sections[place].kind if place >= 0 else SectionKind.BODY)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Where statements begin and end, without list markers and blanks around them."""
    start, line = 0, 0
    for found in _BREAK.finditer(text):
        is_line = "\n" in found.group()
        if is_line and _goes_on(text, found, line):
            line = found.end()
            continue
        yield from _trimmed(text, start, found.start())
        start = found.end()
        line = found.end() if is_line else line
    yield from _trimmed(text, start, len(text))


def _goes_on(text: str, found: re.Match[str], line: int) -> bool:
    """Whether a line break stands within a statement: after a long line without closing punctuation, before a small letter."""
    is_long = found.start() - line >= _WRAPPED_FROM and found.group().count("\n") == 1
    return is_long and text[found.start() - 1] not in ".!?:;" and text[found.end() : found.end() + 1].islower()


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    marker = _MARKER.match(text, start, end)
    start = marker.end() if marker else start
    if text[start:end].strip():
        yield start, end


def _holds(one: Statement, span: Evidence) -> bool:
    return one.note.id == span.note_id and one.start < span.end and span.start < one.end


def _quote(one: Statement, start: int, end: int) -> Evidence:
    """The statement as evidence, or the whole words around ``text[start:end]`` of a long one."""
    low, high = 0, len(one.text)
    if high > LONGEST:
        low = max(0, start - _AROUND)
        high = min(high, max(end, 0) + _AROUND)
        low += len(one.text[low:high]) - len(one.text[low:high].split(" ", 1)[-1]) if low and " " in one.text[low:start] else 0
        high = low + len(one.text[low:high].rsplit(" ", 1)[0]) if high < len(one.text) and " " in one.text[end:high] else high
    begin = one.start + low
    words = one.note.text[begin : one.start + high].rstrip()
    return Evidence(one.note.id, begin, begin + len(words), words, one.note.sha256, one.section)
