"""From a DocumentReference or DiagnosticReport to one readable note: which of its formats, its bytes proved, its text."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fhir_coder.ehr.authorship import Authorship, unknown_authorship
from fhir_coder.ehr.binary import AttachmentBytes
from fhir_coder.ehr.formats import attachments_of
from fhir_coder.ehr.integrity import is_intact
from fhir_coder.ehr.labels import labels_of, merged
from fhir_coder.ehr.modifiers import modifier_in
from fhir_coder.ehr.redaction import Redacted, redacted
from fhir_coder.ehr.references import address_of, codings
from fhir_coder.ehr.screening import Screen
from fhir_coder.ehr.selection import document_date
from fhir_coder.ehr.sensitivity import marks_of_labels
from fhir_coder.errors import EhrRefused, RequestError
from fhir_coder.exchange import Resource
from fhir_coder.fhir.primitives import decode_base64
from fhir_coder.model import Note, SecurityLabel, Sensitivity, UnreadableNote
from fhir_coder.notes.formats import NoteText, Unreadable
from fhir_coder.outbound.attempt import MAX_BYTES
from fhir_coder.vocabulary import LOINC

ReadNote = Callable[[bytes, str], NoteText]
Fetch = Callable[[Resource], AttachmentBytes]
FindAuthorship = Callable[[Resource], Authorship]


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """The note of a document, or why there is none; both when a part of it could not be read. ``warnings`` are of the format and name the document; ``digests`` are the sha256 of
    the bytes that were looked at, unless they prove nothing: none, or others than were announced. ``sensitive`` is what the note's own format marks
    and was read."""

    note: Note | None = None
    unreadable: UnreadableNote | None = None
    warnings: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    sensitive: tuple[Sensitivity, ...] = ()


def read_document(
    document: Resource,
    note_id: str,
    read_note: ReadNote,
    fetch: Fetch | None,
    renditions: Sequence[Resource] = (),
    authorship: FindAuthorship = unknown_authorship,
    screen: Screen | None = None,
) -> ReadDocument:
    """Read the best content of a document, or the next when that has no readable text, at last those of its renditions.

    What the format itself, or the Binary that it came in, marks as sensitive is left out by ``screen``; when that is the whole, no other format is
    looked at. A modifier extension, and bytes that are not what their size and hash say, make the whole document unreadable: nobody here knows
    what it means, or it was changed on the way. Raises EhrUnavailable or EhrTimeout when the EHR fails meanwhile.
    """
    screen = screen or Screen()
    failures: list[UnreadableNote] = []
    digests: list[str] = []
    for source in (document, *renditions):
        if place := modifier_in(source):
            why = f"a modifier extension is not understood here: {place}"
            return ReadDocument(unreadable=UnreadableNote(note_id, "not-understood", why, address_of(document)))
        for attachment in attachments_of(source):
            try:
                content = _bytes(attachment, source, fetch)
                digests += [hashlib.sha256(content.content).hexdigest()] if content.content else []
                if why := screen.judge(marks_of_labels(content.labels, screen.rules)).excluded:
                    return ReadDocument(unreadable=UnreadableNote(note_id, "sensitive", why, address_of(document)), digests=tuple(digests))
                text = read_note(content.content, content.content_type)
            except Unreadable as error:
                failures.append(UnreadableNote(note_id, error.reason, error.detail, address_of(document)))
                if error.reason == "integrity":
                    return ReadDocument(unreadable=failures[-1])
                continue
            left = redacted(text, screen, content.labels)
            unread = _left_out(left, text, note_id, address_of(document))
            if left.text is None:
                return ReadDocument(unreadable=unread, digests=tuple(digests))
            warnings = tuple(f"{address_of(source) or note_id}: {warning}" for warning in text.warnings)
            labels = merged((*labels_of(document, *renditions), *left.labels))
            note = _note(source, attachment, content, left.text, note_id, authorship(source), labels)
            reserved = tuple(Sensitivity(address_of(source) or note_id, mark.kind.value, mark.what) for mark in left.reserved)
            return ReadDocument(note, unread, warnings, tuple(digests), reserved)
    nothing = UnreadableNote(note_id, "no-content", "the document has no content", address_of(document))
    return ReadDocument(unreadable=failures[0] if failures else nothing, digests=tuple(digests))


def _left_out(left: Redacted, text: NoteText, note_id: str, address: str) -> UnreadableNote | None:
    """What of the text is not read: what is sensitive, else the pages that hold no text."""
    if left.why or left.text is None:
        return UnreadableNote(note_id, "sensitive", left.why, address)
    return UnreadableNote(note_id, "no-text-layer", text.unread, address) if text.unread else None


def _bytes(attachment: Resource, document: Resource, fetch: Fetch | None) -> AttachmentBytes:
    """The bytes of an attachment, inline, in a contained Binary or by URL, checked against its size and hash."""
    contained: Resource = next((one for one in document.get("contained", ()) if attachment.get("url") == f"#{one.get('id')}"), {})
    holder = attachment if "data" in attachment else contained
    if "data" in holder:
        content = AttachmentBytes(decode_base64(holder["data"]), attachment.get("contentType") or holder.get("contentType", ""))
    elif "url" in attachment and not attachment["url"].startswith("#"):
        if attachment.get("size", 0) > MAX_BYTES:
            raise Unreadable("too-long", f"announced as larger than {MAX_BYTES} bytes, and not fetched")
        content = _fetched(attachment, fetch)
    else:
        raise Unreadable("no-content", "the attachment has neither data nor url")
    if not is_intact(content.content, attachment):
        raise Unreadable("integrity", "the bytes differ from the attachment's size or hash")
    return content


def _fetched(attachment: Resource, fetch: Fetch | None) -> AttachmentBytes:
    """A document that the EHR refuses to give stays unread; an EHR that is down stops the request, which may be repeated."""
    if fetch is None:
        raise Unreadable("unavailable", "the attachment is at an EHR and none is configured")
    try:
        return fetch(attachment)
    except (EhrRefused, RequestError) as error:
        raise Unreadable("unavailable", error.message) from error


def _note(
    document: Resource,
    attachment: Resource,
    content: AttachmentBytes,
    text: NoteText,
    note_id: str,
    authorship: Authorship,
    labels: tuple[SecurityLabel, ...],
) -> Note:
    """The one place where a resource, a DocumentReference or a DiagnosticReport, becomes a note."""
    kind = document.get("type") or document.get("code") or {}
    return Note(
        id=note_id,
        text=text.text,
        reference=address_of(document),
        content_type=content.content_type,
        type_code=next((one.get("code", "") for one in codings(kind) if one.get("system") == LOINC), ""),
        title=attachment.get("title") or document.get("description", "") or kind.get("text", ""),
        date=document_date(document) or attachment.get("creation", ""),
        doc_status=document.get("docStatus", "") or (document.get("status", "") if document["resourceType"] == "DiagnosticReport" else ""),
        hints=text.hints,
        version=document.get("meta", {}).get("versionId", ""),
        author=authorship.author,
        authority=authorship.authority,
        is_signed=authorship.is_signed,
        labels=labels,
    )
