"""From a DocumentReference to one readable note: which of its formats, its bytes proved, its text.

Several ``content`` are one document in several formats (http://hl7.org/fhir/R4/documentreference.html): the best readable one is taken.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from fhir_coder.ehr.binary import AttachmentBytes
from fhir_coder.ehr.documents import document_date
from fhir_coder.ehr.references import address_of, codings
from fhir_coder.errors import EhrRefused, RequestError
from fhir_coder.exchange import Resource
from fhir_coder.fhir.primitives import decode_base64
from fhir_coder.model import Note, UnreadableNote
from fhir_coder.notes.formats import NoteText, Unreadable
from fhir_coder.vocabulary import LOINC

ReadNote = Callable[[bytes, str], NoteText]
Fetch = Callable[[Resource], AttachmentBytes]

_PREFERENCE = (
    {"text/plain"},
    {"text/html", "application/xhtml+xml", "application/xhtml"},
    {"application/xml", "text/xml", "application/cda+xml", "application/hl7-v3+xml", "application/hl7-cda+xml"},
    {"text/rtf", "application/rtf"},
    {"application/pdf"},
)


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """The note of a document, or why there is none; ``warnings`` are of the format and name the document."""

    note: Note | None = None
    unreadable: UnreadableNote | None = None
    warnings: tuple[str, ...] = ()


def read_document(document: Resource, note_id: str, read_note: ReadNote, fetch: Fetch | None) -> ReadDocument:
    """Read the best content of a document, or the next when that has no readable text. Bytes that are not what their size and hash say
    make the whole document unreadable: it was changed on the way. Raises EhrUnavailable or EhrTimeout when the EHR fails meanwhile."""
    reference = address_of(document)
    failures: list[UnreadableNote] = []
    for attachment in sorted((one["attachment"] for one in document.get("content", ())), key=_rank):
        try:
            content = _bytes(attachment, fetch)
            text = read_note(content.content, content.content_type)
        except Unreadable as error:
            failures.append(UnreadableNote(note_id, error.reason, error.detail, reference))
            if error.reason == "integrity":
                break
            continue
        warnings = tuple(f"{reference or note_id}: {warning}" for warning in text.warnings)
        return ReadDocument(note=_note(document, attachment, content, text, note_id), warnings=warnings)
    return ReadDocument(unreadable=_worst(failures) or UnreadableNote(note_id, "no-content", "the document has no content", reference))


def _worst(failures: list[UnreadableNote]) -> UnreadableNote | None:
    """An integrity fault outranks what was merely unreadable; else the best format's reason."""
    return next((one for one in failures if one.reason == "integrity"), failures[0] if failures else None)


def _rank(attachment: Resource) -> int:
    media_type = attachment.get("contentType", "").partition(";")[0].strip().lower()
    return next((rank for rank, types in enumerate(_PREFERENCE) if media_type in types), len(_PREFERENCE))


def _bytes(attachment: Resource, fetch: Fetch | None) -> AttachmentBytes:
    """The bytes of an attachment, inline or by URL, checked against its size and hash."""
    if "data" in attachment:
        content = AttachmentBytes(decode_base64(attachment["data"]), attachment.get("contentType", ""))
    elif "url" in attachment:
        content = _fetched(attachment, fetch)
    else:
        raise Unreadable("no-content", "the attachment has neither data nor url")
    if not _is_intact(content.content, attachment):
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


def _is_intact(content: bytes, attachment: Resource) -> bool:
    """Size and hash are of the raw bytes; the hash is SHA-1 (http://hl7.org/fhir/R4/datatypes.html#Attachment). SHA-256 and a digest in
    hexadecimal letters are seen in the field and accepted where they prove the bytes as well."""
    if "size" in attachment and attachment["size"] != len(content):
        return False
    if "hash" not in attachment:
        return True
    digests = hashlib.sha1(content, usedforsecurity=False), hashlib.sha256(content)
    expected = decode_base64(attachment["hash"])
    return any(expected in {one.digest(), one.hexdigest().encode()} for one in digests)


def _note(document: Resource, attachment: Resource, content: AttachmentBytes, text: NoteText, note_id: str) -> Note:
    types = codings(document.get("type"))
    return Note(
        id=note_id,
        text=text.text,
        reference=address_of(document),
        content_type=content.content_type,
        type_code=next((one.get("code", "") for one in types if one.get("system") == LOINC), ""),
        title=attachment.get("title") or document.get("description", "") or document.get("type", {}).get("text", ""),
        date=document_date(document) or attachment.get("creation", ""),
        doc_status=document.get("docStatus", ""),
        hints=text.hints,
        version=document.get("meta", {}).get("versionId", ""),
    )
