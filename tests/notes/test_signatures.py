"""What bytes are recognised as, and what a wrong declaration leads to."""

from __future__ import annotations

import pytest

from fhir_coder.notes.formats import Unreadable, parse_content_type, read_note
from fhir_coder.notes.signatures import recognise_file, recognise_markup


@pytest.mark.parametrize(
    ("data", "file_type", "markup"),
    [
        (b"%PDF-1.7", "application/pdf", ""),
        (b"\xef\xbb\xbf \r\n%PDF-1.7", "application/pdf", ""),
        (b"the %PDF-1.7 header", "", ""),
        (b"{\\rtf1 x}", "application/rtf", ""),
        (b"\xef\xbb\xbf{\\rtf1 x}", "application/rtf", ""),
        (b"{rtf}", "", ""),
        (b"BM is fine", "", ""),
        (b"ID3 of the list", "", ""),
        (b"<!doctype HTML><p>x", "", "text/html"),
        (b"<!-- made by x -->\n<html><body>x", "", "text/html"),
        (b"<p>x</p>", "", "text/html"),
        (b"<div class='a'>x<br/>y", "", "text/html"),
        (b"<p>x", "", ""),
        (b"<3 days of cough <br> and more", "", ""),
        (b"<pt> was seen</pt>", "", ""),
        (b"A & B <b>bold</b>", "", ""),
        (b"<?xml version='1.0'?><html><body/></html>", "", "application/xhtml+xml"),
        (b"<div xmlns='http://www.w3.org/1999/xhtml'>x</div>", "", "application/xhtml+xml"),
        ("<html>x</html>".encode("utf-16"), "", "text/html"),
        (b"<?xml version='1.0'?><?xml-stylesheet href='a'?><!-- b --><ClinicalDocument xmlns='urn:hl7-org:v3'/>", "", "application/cda+xml"),
        (b"<n1:ClinicalDocument xmlns:n1='urn:hl7-org:v3'/>", "", "application/cda+xml"),
        (b"words about a <ClinicalDocument >", "", ""),
        (b"", "", ""),
    ],
)  # fmt: skip
def test_recognised(data: bytes, file_type: str, markup: str) -> None:
    assert (recognise_file(data), recognise_markup(data)) == (file_type, markup)


@pytest.mark.parametrize(
    ("content_type", "media_type", "charset"),
    [
        ("text/plain", "text/plain", ""),
        (" TEXT/Plain ; Charset = UTF-8", "text/plain", "UTF-8"),
        ('text/plain; format=flowed; charset="iso-8859-1"', "text/plain", "iso-8859-1"),
        ("text/plain;charset='utf8'", "text/plain", "utf8"),
        ('text/plain; charset=""', "text/plain", ""),
        ("text/plain; charset", "text/plain", ""),
        ("text", "", ""),
        ("", "", ""),
        ("*/*", "*/*", ""),
        ("text/plain, text/html", "", ""),
        ("text/pl\nain", "", ""),
    ],
)
def test_content_type(content_type: str, media_type: str, charset: str) -> None:
    assert parse_content_type(content_type) == (media_type, charset)


@pytest.mark.parametrize(
    ("data", "content_type", "warning"),
    [
        (b"<p>Gout.</p>", "text/html", ""),
        (b"<p>Gout.</p>", "text/plain", "declared as text/plain, read as text/html"),
        (b"<p>Gout.</p>", "application/octet-stream", "declared as application/octet-stream, read as text/html"),
        (b"<p>Gout.</p>", "", "declared without a type, read as text/html"),
        (b"Gout.", "text/html", ""),
        (b"{\\rtf1 Gout.}", "application/pdf", "declared as application/pdf, read as application/rtf"),
        (b"{\\rtf1 Gout.}", "image/png", "declared as image/png, read as application/rtf"),
        (b"<html xmlns='http://www.w3.org/1999/xhtml'><body>Gout.</body></html>", "text/html", ""),
        (b"<html xmlns='http://www.w3.org/1999/xhtml'><body>Gout.</body></html>", "application/xml", ""),
        (b"<html><body>Gout.</body></html>", "application/xhtml+xml", ""),
    ],
)
def test_a_wrong_declaration_is_told(data: bytes, content_type: str, warning: str) -> None:
    note = read_note(data, content_type)
    assert (note.text, " / ".join(note.warnings)) == ("Gout.", warning)


@pytest.mark.parametrize(
    ("data", "content_type", "reason", "detail"),
    [
        (b"\xff\xd8\xff\xe0", "text/plain", "not-text", "an image (image/jpeg), though declared as text/plain"),
        (b"\xff\xd8\xff\xe0", "", "not-text", "an image (image/jpeg)"),
        (b"x", "image/svg+xml", "not-text", "an image (image/svg+xml)"),
        (b"x", "audio/mpeg", "not-text", "a sound recording (audio/mpeg)"),
        (b"x", "application/dicom", "not-text", "a DICOM image (application/dicom)"),
        (b"x", "application/x-unknown", "unsupported-type", "application/x-unknown"),
        (b"PK\x03\x04", "text/plain", "unsupported-type", "a zip archive or an office document (application/zip), though declared as text/plain"),
        (b"Gout.", "application/pdf", "malformed", "does not begin as a PDF"),
        (b"\0\1\2\3\4\5\6\7", "", "undecodable", "too many control characters for text"),
    ],
)  # fmt: skip
def test_why_bytes_are_not_read(data: bytes, content_type: str, reason: str, detail: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_note(data, content_type)
    assert (refused.value.reason, refused.value.detail) == (reason, detail)
