"""From a document to a readable note, or to the reason why there is none."""

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_coder.ehr.binary import AttachmentBytes, read_binary
from fhir_coder.ehr.content import read_document
from fhir_coder.ehr.integrity import is_intact, is_proved
from fhir_coder.errors import EhrRefused, EhrUnavailable, ResourceUnknown
from fhir_coder.fhir.reader import read_json
from fhir_coder.notes.formats import read_note
from fhir_coder.outbound.attempt import MAX_BYTES, Answer
from tests.ehr.conftest import document

TEXT = b"Assessment: hypertension."
SHA1 = hashlib.sha1(TEXT).digest()


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def attached(*attachments: dict[str, Any]) -> dict[str, Any]:
    return document(content=[{"attachment": one} for one in attachments])


def inline(content_type: str = "text/plain", content: bytes = TEXT, **changes: Any) -> dict[str, Any]:
    return {"contentType": content_type, "data": encoded(content)} | changes


@pytest.mark.parametrize(
    ("attachments", "content_type"),
    [
        ([inline("text/html", b"<p>Gout.</p>"), inline()], "text/plain"),
        ([inline("application/pdf", b"%PDF-1.4"), inline("text/html", b"<p>Gout.</p>")], "text/html"),
        ([inline("text/plain", b"  "), inline("text/html", b"<p>Gout.</p>")], "text/html"),
        ([inline("TEXT/PLAIN; charset=utf-8")], "TEXT/PLAIN; charset=utf-8"),
    ],
)
def test_the_best_readable_format_is_taken(attachments: list[dict[str, Any]], content_type: str) -> None:
    found = read_document(attached(*attachments), "d1", read_note, None)
    assert found.note is not None and found.note.content_type == content_type and found.unreadable is None


def test_what_a_note_carries() -> None:
    source = attached(inline(title="Visit", creation="2026-05-01")) | {
        "type": {"coding": [{"system": "http://loinc.org", "code": "11506-3"}]},
        "docStatus": "final",
        "context": {"period": {"start": "2026-05-01T10:00:00Z"}},
    }
    note = read_document(source, "d1", read_note, None).note
    assert note is not None
    assert (note.id, note.reference, note.type_code, note.title) == ("d1", "DocumentReference/d1", "11506-3", "Visit")
    assert (note.date, note.doc_status, note.text) == ("2026-05-01T10:00:00Z", "final", TEXT.decode())


@pytest.mark.parametrize(
    ("attachment", "reason"),
    [
        (inline(size=len(TEXT), hash=encoded(SHA1)), ""),
        (inline(hash=encoded(SHA1.hex().encode())), ""),
        (inline(hash=encoded(hashlib.sha256(TEXT).digest())), ""),
        (inline(size=len(TEXT) - 1), "integrity"),
        (inline(hash=encoded(b"\0" * 20)), "integrity"),
        ({"contentType": "text/plain"}, "no-content"),
        ({"contentType": "text/plain", "url": "Binary/1"}, "unavailable"),
        (inline("application/x-unknown"), "unsupported-type"),
        (inline("text/plain", b"\n \n"), "empty"),
    ],
)
def test_why_a_note_is_unreadable(attachment: dict[str, Any], reason: str) -> None:
    found = read_document(attached(attachment), "d1", read_note, None)
    assert (found.unreadable.reason if found.unreadable else "") == reason


def test_a_modifier_extension_makes_the_whole_document_unreadable() -> None:
    unknown = [{"url": "http://example.org/means-the-opposite", "valueBoolean": True}]
    whole, scan = attached(inline()), attached(inline("application/pdf", b"%PDF-1.4"))
    below = {**whole, "content": [{**whole["content"][0], "modifierExtension": unknown}]}
    for source, renditions in (({**whole, "modifierExtension": unknown}, ()), (below, (whole,)), (scan, (below,))):
        found = read_document(source, "d1", read_note, None, renditions)
        assert found.note is None and found.unreadable is not None and found.unreadable.reason == "not-understood"


def test_changed_bytes_make_the_whole_document_unreadable() -> None:
    found = read_document(attached(inline(size=1), inline("text/html", b"<p>Gout.</p>")), "d1", read_note, None)
    assert found.note is None and found.unreadable is not None and found.unreadable.reason == "integrity"


def test_bytes_by_url_are_fetched_and_proved() -> None:
    attachment = {"contentType": "text/plain", "url": "Binary/1", "hash": encoded(SHA1)}
    found = read_document(attached(attachment), "d1", read_note, lambda one: AttachmentBytes(TEXT, "text/plain"))
    assert found.note is not None and found.note.text == TEXT.decode()
    changed = read_document(attached(attachment), "d1", read_note, lambda one: AttachmentBytes(b"Other.", "text/plain"))
    assert changed.unreadable is not None and changed.unreadable.reason == "integrity"


@pytest.mark.parametrize("error", [EhrRefused("elsewhere"), ResourceUnknown("gone")])
def test_an_attachment_that_the_ehr_does_not_give_is_unavailable(error: Exception) -> None:
    def fetch(attachment: dict[str, Any]) -> AttachmentBytes:
        raise error

    found = read_document(attached({"contentType": "text/plain", "url": "Binary/1"}), "d1", read_note, fetch)
    assert found.unreadable is not None and found.unreadable.reason == "unavailable"


def test_an_ehr_that_is_down_stops_the_request() -> None:
    def fetch(attachment: dict[str, Any]) -> AttachmentBytes:
        raise EhrUnavailable("down")

    with pytest.raises(EhrUnavailable):
        read_document(attached({"contentType": "text/plain", "url": "Binary/1"}), "d1", read_note, fetch)


@pytest.mark.parametrize("form", [str.lower, str.upper])
@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_hashes_as_they_are_seen_in_the_field(algorithm: str, form: Callable[[str], str]) -> None:
    digest = hashlib.new(algorithm, TEXT)
    for spelling in (encoded(digest.digest()), form(digest.hexdigest()), encoded(form(digest.hexdigest()).encode())):
        assert is_intact(TEXT, {"hash": spelling}) and is_proved(TEXT, {"hash": spelling})
        assert not is_intact(TEXT + b" ", {"hash": spelling})


def test_without_a_hash_nothing_is_proved() -> None:
    assert is_intact(TEXT, {"size": len(TEXT)}) and not is_proved(TEXT, {"size": len(TEXT)})
    assert not is_intact(TEXT, {"size": 0}) and is_intact(b"", {"size": 0})


@pytest.mark.parametrize(
    ("attachment", "content", "reason"),
    [
        ({"size": 0}, TEXT, "integrity"),
        ({"size": 0}, b"", "empty"),
        ({"size": len(TEXT)}, TEXT, ""),
        ({"hash": encoded(hashlib.sha1(b"other").digest())}, TEXT, "integrity"),
    ],
)
def test_size_and_hash_are_checked_of_fetched_bytes(attachment: dict[str, Any], content: bytes, reason: str) -> None:
    fetched = {"contentType": "text/plain", "url": "Binary/1"} | attachment
    found = read_document(attached(fetched), "d1", read_note, lambda one: AttachmentBytes(content, "text/plain"))
    assert (found.unreadable.reason if found.unreadable else "") == reason


CONTENT_TYPES = st.sampled_from(
    ["text/plain", "text/html", "application/xml", "application/pdf", "image/tiff", "application/fhir+json"]
) | st.text(min_size=1, max_size=30)
SERVED = st.binary(max_size=60) | st.sampled_from(
    [b'{"resourceType": "Binary"', b'<Binary xmlns="http://hl7.org/fhir" >', b"<p>x</p>", b"{}"]
)


@given(CONTENT_TYPES, CONTENT_TYPES, SERVED, st.integers(0, 60) | st.none())
def test_whatever_an_ehr_serves_is_a_note_or_a_reason(declared: str, served: str, body: bytes, size: int | None) -> None:
    attachment = {"contentType": declared, "url": "Binary/1"} | ({} if size is None else {"size": size})

    def fetch(wanted: dict[str, Any]) -> AttachmentBytes:
        return read_binary(Answer(200, {"Content-Type": served}, body), wanted, read_json)

    found = read_document(attached(attachment), "d1", read_note, fetch)
    assert (found.note is None) is (found.unreadable is not None)


def test_an_attachment_in_a_contained_binary() -> None:
    inside = {"resourceType": "Binary", "id": "b", "contentType": "text/plain", "data": encoded(TEXT)}
    source = attached({"url": "#b", "hash": encoded(SHA1)}) | {"contained": [inside]}
    found = read_document(source, "d1", read_note, None)
    assert found.note is not None and found.note.text == TEXT.decode()
    missing = read_document(attached({"url": "#c"}), "d1", read_note, None)
    assert missing.unreadable is not None and missing.unreadable.reason == "no-content"


def test_a_pdf_with_scanned_pages_is_a_note_and_an_unreadable_one() -> None:
    """What the pictures say is unknown, so such an encounter never passes as if all of it had been read."""
    pdf = (Path(__file__).parents[1] / "notes" / "zoo" / "pdf-scan-and-text.pdf").read_bytes()
    found = read_document(attached(inline("application/pdf", pdf)), "d1", read_note, None)
    assert found.note is not None
    assert found.unreadable is not None and (found.unreadable.id, found.unreadable.reason) == ("d1", "no-text-layer")


def test_an_attachment_that_is_announced_as_too_large_is_not_fetched() -> None:
    asked: list[dict[str, Any]] = []

    def fetch(attachment: dict[str, Any]) -> AttachmentBytes:
        asked.append(attachment)
        return AttachmentBytes(TEXT, "text/plain")

    found = read_document(attached({"contentType": "text/plain", "url": "Binary/1", "size": MAX_BYTES + 1}), "d1", read_note, fetch)
    assert found.unreadable is not None and found.unreadable.reason == "too-long"
    assert asked == []
