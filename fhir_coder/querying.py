"""A query to the provider as the text that a person sends: the quotations with date and source, the question, the answers.

What an answer leads to is not part of it (:class:`fhir_coder.model.QueryOption`): a provider who sees codes is led (AHIMA and ACDIS, Guidelines for
Achieving a Compliant Query Practice, 2022 update).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from fhir_coder.model import Evidence, Note, ProviderQuery

OPENING = "Clarification of your documentation"
CLOSING = (
    "Please answer by your own clinical judgment, in an addendum to the note that you sign and date. "
    "An answer given on this form alone does not become part of the record."
)
_DATE_LENGTH = len("2026-01-31")


def query_text(query: ProviderQuery, notes: Iterable[Note], service_date: date | None) -> str:
    """The query as plain text. ``notes`` are those it quotes; a note without a date of its own is of the visit (``service_date``, or date unknown).

    A quotation whose words were not kept is named by its place.
    """
    return "\n".join(_lines(query, {note.id: note for note in notes}, service_date)) + "\n"


def _lines(query: ProviderQuery, notes: dict[str, Note], service_date: date | None) -> Iterator[str]:
    yield OPENING
    yield f"Visit of {service_date.isoformat()}" if service_date else "Visit, date not known"
    if query.indicators:
        yield from ("", "From the record:")
        yield from (f"- {_words(one)} ({_source(one, notes.get(one.note_id), service_date)})" for one in query.indicators)
    yield from ("", query.question)
    yield from (f"[ ] {option.text}" for option in query.options)
    yield from ("", CLOSING)


def _words(evidence: Evidence) -> str:
    """The quotation on one line."""
    return f'"{" ".join(evidence.text.split())}"' if evidence.text else f"characters {evidence.start} to {evidence.end}"


def _source(evidence: Evidence, note: Note | None, service_date: date | None) -> str:
    """The note by title or id, its date, and the section."""
    name = (note.title if note else "") or f"note {evidence.note_id}"
    day = (note.date[:_DATE_LENGTH] if note else "") or (service_date.isoformat() if service_date else "date not known")
    return f"{name}, {day}, {evidence.section.value.replace('-', ' ')}"
