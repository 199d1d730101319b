"""The notes of a coding as the page shows them: cut into sections, with every place highlighted that the coding points at, or why there is no text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from fhir_coder.facts import FactsUnreadable, read_encounter
from fhir_coder.model import Authority, Note
from fhir_coder.reading.sections import cut_note
from fhir_coder.record.rereading import SENTENCES, Absence, Reread
from fhir_coder.review.evidence_places import Spans
from fhir_coder.review.highlighting import Span, html, pieces
from fhir_coder.store.records import StoredEncounter

_ABSENCES = SENTENCES | {Absence.NO_EHR: "its text is not kept on this server, and this session has no access to the EHR that has it"}
_AUTHORITIES = {
    Authority.PROVIDER: "provider",
    Authority.CLINICIAN: "not a provider",
    Authority.REPORT: "report",
    Authority.RESULTS: "results",
    Authority.UNKNOWN: "author unknown",
}


@dataclass(frozen=True, slots=True)
class SectionView:
    """Heading and body together are the text of the section; ``start`` and ``body_start`` are where they begin in the text of the note. ``places``
    counts the highlights."""

    heading: Markup
    body: Markup
    start: int
    body_start: int
    places: int


@dataclass(frozen=True, slots=True)
class NoteView:
    """``number`` counts from 1. ``about`` is what is known of it, in a few words each; ``absence`` a sentence where there is no text."""

    number: int
    id: str
    title: str
    about: tuple[str, ...]
    sections: tuple[SectionView, ...]
    absence: str


def note_views(coding: StoredEncounter, rereads: Sequence[Reread], spans: Spans) -> tuple[NoteView, ...]:
    """All notes, in the order in which they were coded."""
    known = _known(coding)
    return tuple(_view(number, one, known, spans.get(one.note.id, [])) for number, one in enumerate(rereads, start=1))


def texts_of(rereads: Iterable[Reread]) -> dict[str, str]:
    """The texts that are here, by note id."""
    return {one.note.id: one.text for one in rereads if one.absence is None}


def _known(coding: StoredEncounter) -> dict[str, Note]:
    """What the store has of the notes beside their texts, where it has it: titles, dates, sections of their formats."""
    try:
        return {note.id: note for note in read_encounter(coding.facts).notes} if coding.facts else {}
    except FactsUnreadable:  # written by another version; the page does without
        return {}


def _view(number: int, reread: Reread, known: dict[str, Note], spans: list[Span]) -> NoteView:
    kept = reread.note
    note = replace(known.get(kept.id) or reread.found or Note(kept.id, "", kept.reference, kept.content_type), text=reread.text)
    authority = _AUTHORITIES[Authority(kept.authority)] if kept.authority else ""
    signed = "signed" if kept.is_signed else "not signed"
    origin = {"version": "read from the EHR", "current": "read from the EHR"}.get(reread.source, "")
    return NoteView(
        number,
        kept.id,
        note.title or kept.reference or f"Note {number}",
        tuple(filter(None, (note.date[:10], authority, signed if kept.authority else "", kept.reference if note.title else "", origin))),
        _sections(number, note, spans),
        _ABSENCES[reread.absence] if reread.absence else "",
    )


def _sections(number: int, note: Note, spans: list[Span]) -> tuple[SectionView, ...]:
    """The sections cover the note without gap or overlap, and so do the views."""
    sections = cut_note(note)
    run = pieces(note.text, spans, (place for one in sections for place in (one.start, one.body_start)))
    views = []
    for section in sections:
        heading = [one for one in run if section.start <= one.start < section.body_start]
        body = [one for one in run if section.body_start <= one.start < section.end]
        places = sum(bool(one.spans) for one in (*heading, *body))
        views.append(SectionView(html(number, heading), html(number, body), section.start, section.body_start, places))
    return tuple(views)
