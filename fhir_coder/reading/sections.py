"""Cutting notes into sections.

A section is opened by a heading its format declares (:class:`fhir_coder.model.SectionHint`), by one recognised in the text
(:mod:`fhir_coder.reading.headings`), or, in a note without an assessment heading, by words that plainly begin the assessment. Text under no
recognised heading is ``BODY``. The sections of a note cover it from first to last character without gap or overlap.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fhir_coder.model import Encounter, Note, Section, SectionHint, SectionKind, Sections
from fhir_coder.reading.assessment_cue import find_assessment_start
from fhir_coder.reading.conclusions import find_conclusions
from fhir_coder.reading.headings import Heading, find_headings, kind_for_loinc, rule_for_title

ASSESSED = frozenset({SectionKind.ASSESSMENT, SectionKind.ASSESSMENT_AND_PLAN, SectionKind.DIAGNOSES})
ASSESSING = frozenset({SectionKind.ASSESSMENT, SectionKind.PLAN, SectionKind.ASSESSMENT_AND_PLAN, SectionKind.DIAGNOSES})

_CUT_FURTHER = frozenset({SectionKind.BODY, SectionKind.SUBJECTIVE, SectionKind.OBJECTIVE})
_NARRATIVE = frozenset(
    {
        SectionKind.BODY,
        SectionKind.SUBJECTIVE,
        SectionKind.OBJECTIVE,
        SectionKind.HISTORY_OF_PRESENT_ILLNESS,
        SectionKind.INTERVAL_HISTORY,
        SectionKind.PHYSICAL_EXAM,
        SectionKind.RESULTS,
    }
)
_HOLDS_EXAM = frozenset({SectionKind.PHYSICAL_EXAM, SectionKind.OBJECTIVE})


_EXAMINED = frozenset({SectionKind.PHYSICAL_EXAM, SectionKind.OBJECTIVE, SectionKind.VITALS, SectionKind.RESULTS})


@dataclass(frozen=True, slots=True)
class _Opening:
    """A place where a section begins."""

    start: int
    body_start: int
    kind: SectionKind
    title: str
    is_superseded: bool = False


def find_sections(encounter: Encounter) -> Sections:
    """Cut every note of the encounter into sections."""
    return Sections(encounter, tuple(section for note in encounter.notes for section in cut_note(note)))


def cut_note(note: Note) -> tuple[Section, ...]:
    """The sections of one note, in order, covering it without gap or overlap; none for an empty note."""
    if not note.text:
        return ()
    openings = _hint_openings(note) if note.hints else [_Opening(0, 0, SectionKind.BODY, "")]
    openings = _cut_all(note.text, openings)
    sections = _as_sections(note, _supersede(openings))
    return _cut_assessment(note.text, sections)


def _cut_all(text: str, openings: list[_Opening]) -> list[_Opening]:
    """The openings cut by headings. The impression that stands among the results is the visit's own in a note without another assessment."""
    cut = [part for opening, end in _with_ends(openings, len(text)) for part in _cut_by_headings(text, opening, end)]
    if any(opening.kind in ASSESSED for opening in cut):
        return cut
    return [part for opening, end in _with_ends(openings, len(text)) for part in _cut_by_headings(text, opening, end, has_assessment=False)]


def _with_ends(openings: list[_Opening], length: int) -> list[tuple[_Opening, int]]:
    ends = [opening.start for opening in openings[1:]] + [length]
    return list(zip(openings, ends, strict=True))


def _hint_openings(note: Note) -> list[_Opening]:
    """The declared sections flattened: at every boundary the innermost hint holds; an unrecognised one takes its parent's kind."""
    length = len(note.text)
    hints = sorted((hint for hint in note.hints if 0 <= hint.start < length), key=lambda hint: (hint.start, -hint.end))
    boundaries = sorted({0, *(hint.start for hint in hints), *(hint.end for hint in hints if 0 < hint.end < length)})
    openings = [_opening_at(boundary, hints) for boundary in boundaries]
    return [opening for position, opening in enumerate(openings) if position == 0 or _begins_anew(openings[position - 1], opening)]


def _begins_anew(before: _Opening, opening: _Opening) -> bool:
    return bool(opening.title) or opening.kind != before.kind


def _opening_at(offset: int, hints: list[SectionHint]) -> _Opening:
    around = [hint for hint in hints if hint.start <= offset < hint.end or hint.start == offset]
    kinds = [kind for hint in around if (kind := _hint_kind(hint)) is not None]
    kind = kinds[-1] if kinds else SectionKind.BODY
    if around and around[-1].start == offset:
        innermost = around[-1]
        return _Opening(offset, min(max(innermost.body_start, offset), max(innermost.end, offset)), kind, innermost.title)
    return _Opening(offset, offset, kind, "")


def _hint_kind(hint: SectionHint) -> SectionKind | None:
    by_code = kind_for_loinc(hint.loinc)
    if by_code is not None:
        return by_code
    rule = rule_for_title(hint.title)
    return rule.kind if rule is not None and not rule.within else None


def _cut_by_headings(text: str, opening: _Opening, end: int, *, has_assessment: bool = True) -> list[_Opening]:
    if opening.kind not in _CUT_FURTHER:
        return [opening]
    openings = [opening]
    enclosing = opening.kind
    for heading in find_headings(text, opening.body_start, end):
        current = openings[-1].kind
        kind = _kind_opened(heading, current, enclosing, has_assessment=has_assessment)
        if kind is None or heading.start < openings[-1].body_start:
            continue
        title = heading.title if heading.rule.kind is not None else ""
        body_start = min(heading.body_start, end) if title else heading.start
        openings.append(_Opening(heading.start, body_start, kind, title, heading.rule.is_superseded))
        enclosing = kind if kind in _HOLDS_EXAM else enclosing
    return _without_empty_lead(text, openings)


def _kind_opened(heading: Heading, current: SectionKind, enclosing: SectionKind, *, has_assessment: bool) -> SectionKind | None:
    """The kind of section this heading opens, or None. A body system after the vitals goes back to the exam they stand in."""
    if heading.rule.kind is None:
        return enclosing if current is SectionKind.VITALS and enclosing in _HOLDS_EXAM else None
    return heading.rule.kind if heading.can_open(current, has_assessment=has_assessment) else None


def _without_empty_lead(text: str, openings: list[_Opening]) -> list[_Opening]:
    """Blank space before the first heading belongs to that heading."""
    lead = openings[0]
    if len(openings) > 1 and not lead.title and not text[lead.start : openings[1].start].strip():
        return [replace(openings[1], start=lead.start), *openings[2:]]
    return openings


def _supersede(openings: list[_Opening]) -> list[_Opening]:
    has_final = any(opening.kind is SectionKind.DIAGNOSES and not opening.is_superseded for opening in openings)
    if not has_final:
        return openings
    return [replace(opening, kind=SectionKind.REASON_FOR_VISIT) if opening.is_superseded else opening for opening in openings]


def _as_sections(note: Note, openings: list[_Opening]) -> tuple[Section, ...]:
    return tuple(
        Section(note.id, opening.kind, opening.title, opening.start, min(max(opening.body_start, opening.start), end), end)
        for opening, end in _with_ends(openings, len(note.text))
    )


def _problems_seen(sections: tuple[Section, ...]) -> int | None:
    """In a note without an assessment, the problems that are listed after the examination: those of the visit, not of the chart."""
    examined = [position for position, section in enumerate(sections) if section.kind in _EXAMINED]
    after = (position for position, section in enumerate(sections) if section.kind is SectionKind.PROBLEM_LIST)
    return next((position for position in after if examined and position > examined[0]), None)


def _cut_assessment(text: str, sections: tuple[Section, ...]) -> tuple[Section, ...]:
    """In a note without an assessment, cut it from the end of the last narrative section when words plainly begin it there, and from text under
    no heading what is concluded before."""
    if any(section.kind in ASSESSED for section in sections):
        return sections
    if (named := _problems_seen(sections)) is not None:
        return (*sections[:named], replace(sections[named], kind=SectionKind.ASSESSMENT_AND_PLAN), *sections[named + 1 :])
    if not any(section.kind in ASSESSING for section in sections):
        sections = _cut_last(text, sections)
    return tuple(part for section in sections for part in _cut_conclusions(text, section))


def _cut_last(text: str, sections: tuple[Section, ...]) -> tuple[Section, ...]:
    last = next((position for position in reversed(range(len(sections))) if sections[position].kind in _NARRATIVE), None)
    if last is None:
        return sections
    section = sections[last]
    cut = find_assessment_start(text, section.body_start, section.end)
    if cut is None:
        return sections
    assessment = Section(section.note_id, SectionKind.ASSESSMENT_AND_PLAN, "", cut, cut, section.end)
    narrative = (replace(section, end=cut),) if cut > section.start else ()
    return (*sections[:last], *narrative, assessment, *sections[last + 1 :])


def _cut_conclusions(text: str, section: Section) -> Iterator[Section]:
    """The section, with what it concludes as parts of their own where it is text under no heading."""
    if section.kind is not SectionKind.BODY:
        yield section
        return
    rest = section
    for start, end in find_conclusions(text, section.body_start, section.end):
        end = end if text[end : section.end].strip() else section.end
        if start > rest.start:
            yield replace(rest, end=start)
        yield Section(section.note_id, SectionKind.ASSESSMENT_AND_PLAN, "", start, start, end)
        rest = Section(section.note_id, SectionKind.BODY, "", end, end, section.end)
    if rest.start < rest.end or rest is section:
        yield rest
