"""The bytes behind an attachment's URL, however a server labels and wraps them."""

import base64
import hashlib
from typing import Any

import pytest

from fhir_coder.ehr.binary import AttachmentBytes, read_binary
from fhir_coder.errors import EhrRefused
from fhir_coder.fhir.reader import read_json
from fhir_coder.outbound.attempt import Answer

NOTE = "Señora: gota.".encode("iso-8859-1")
DATA = base64.b64encode(NOTE).decode()
JSON = f'{{"resourceType": "Binary", "id": "b1", "contentType": "text/plain; charset=iso-8859-1", "data": "{DATA}"}}'.encode()
XML = (
    f'<?xml version="1.0"?>\n<Binary xmlns="http://hl7.org/fhir"><contentType value="text/plain"/><data value="{DATA}"/></Binary>'.encode()
)
PAGE = b"<!DOCTYPE html><html><body>Please sign in.</body></html>"


def served(body: bytes, content_type: str, declared: str = "text/plain", **attachment: Any) -> AttachmentBytes:
    return read_binary(Answer(200, {"Content-Type": content_type}, body), {"contentType": declared} | attachment, read_json)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/fhir+json",
        "application/json",
        "application/json+fhir",
        "text/json; charset=utf-8",
        "text/plain",
        "application/octet-stream",
        "",
    ],
)
@pytest.mark.parametrize("body", [JSON, b"\xef\xbb\xbf" + JSON, b"\r\n " + JSON.replace(b", ", b",\n  ")], ids=["plain", "BOM", "indented"])
def test_a_binary_in_json_is_unwrapped_whatever_it_is_called(content_type: str, body: bytes) -> None:
    assert served(body, content_type) == AttachmentBytes(NOTE, "text/plain; charset=iso-8859-1")


@pytest.mark.parametrize("content_type", ["application/fhir+xml", "application/xml", "text/xml", "text/plain", "text/html"])
def test_a_binary_in_xml_is_unwrapped(content_type: str) -> None:
    for body in (XML, XML.replace(b'"', b"'"), b"\xef\xbb\xbf" + XML):
        assert served(body, content_type) == AttachmentBytes(NOTE, "text/plain")


@pytest.mark.parametrize(
    ("declared", "content_type", "expected"),
    [
        ("text/plain", "text/plain; charset=ISO-8859-1", "text/plain; charset=ISO-8859-1"),
        ("text/plain; charset=utf-8", "text/plain; charset=ISO-8859-1", "text/plain; charset=utf-8"),
        ("text/plain", "", "text/plain"),
        ("text/html", "text/plain; charset=latin1", "text/html; charset=latin1"),
        ("application/rtf", "application/octet-stream", "application/rtf"),
        ("application/rtf", "text/rtf", "application/rtf"),
        ("application/octet-stream", "text/plain; charset=utf-16", "text/plain; charset=utf-16"),
        ("", "application/pdf", "application/pdf"),
        ("", "", ""),
        ("text/rtf", "application/pdf", "application/pdf"),
        ("text/html", "application/xhtml+xml", "text/html"),
        ("application/hl7-v3+xml", "text/xml; charset=utf-8", "application/hl7-v3+xml; charset=utf-8"),
    ],
)
def test_which_of_two_content_types_counts(declared: str, content_type: str, expected: str) -> None:
    assert served(NOTE, content_type, declared) == AttachmentBytes(NOTE, expected)


@pytest.mark.parametrize(
    ("body", "content_type", "declared"),
    [
        (PAGE, "text/html; charset=utf-8", "text/plain"),
        (PAGE, "text/html", "application/pdf"),
        (b'{"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "login"}]}', "application/fhir+json", "text/plain"),
        (b'{"resourceType": "Binary", "contentType": "text/plain", "data": "!!!"}', "application/fhir+json", "text/plain"),
        (b'{"resourceType": "Binary", "data": "QQ=="}', "application/json", "text/plain"),
        (JSON[:-10], "application/fhir+json", "text/plain"),
        (XML[:-10], "application/fhir+xml", "text/plain"),
        (b"not json", "application/json", "text/plain"),
    ],
    ids=["login page", "login page for a PDF", "outcome", "bad base64", "no content type", "cut JSON", "cut XML", "no JSON"],
)
def test_a_body_that_is_not_the_attachment_is_refused(body: bytes, content_type: str, declared: str) -> None:
    with pytest.raises(EhrRefused) as caught:
        served(body, content_type, declared)
    assert "sign in" not in str(caught.value)


def test_a_web_page_that_its_hash_proves_is_the_attachment() -> None:
    proof = base64.b64encode(hashlib.sha1(PAGE).digest()).decode()
    assert served(PAGE, "text/html", hash=proof) == AttachmentBytes(PAGE, "text/html")
    with pytest.raises(EhrRefused):
        served(PAGE, "text/html", hash=base64.b64encode(hashlib.sha1(NOTE).digest()).decode())


def test_a_note_about_binaries_is_a_note() -> None:
    body = b'The payload was {"resourceType": "Binary"}.'
    assert served(body, "text/plain").content == body


def test_a_binary_without_data_and_an_empty_body_are_empty() -> None:
    assert served(b'{"resourceType": "Binary", "contentType": "text/plain"}', "application/fhir+json").content == b""
    assert served(b"", "text/plain").content == b""
