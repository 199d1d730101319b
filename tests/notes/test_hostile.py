"""Documents made to harm: too deep, too long, unpacking without end. Each is answered in seconds, by text or by a documented refusal."""

from __future__ import annotations

import base64
import time
import zlib
from collections.abc import Callable

import pytest
from invariants import read_or_refuse

from fhir_coder.notes.canonical import MAX_BYTES
from fhir_coder.notes.formats import Unreadable, read_note

CDA = '<ClinicalDocument xmlns="urn:hl7-org:v3"><component><structuredBody>{}</structuredBody></component></ClinicalDocument>'


def cda(narrative: str) -> bytes:
    return CDA.format(f"<component><section><title>A</title><text>{narrative}</text></section></component>").encode()


def pdf(content: bytes, filters: bytes, other: bytes = b"<<>>") -> bytes:
    """A PDF of one page with the given packed content."""
    resources = b"<</Font<</F1 5 0 R>>/XObject<</X 6 0 R>>>>"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources%s>>" % resources,
        b"<</Length %d/Filter%s>>stream\n%s\nendstream" % (len(content), filters, content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        other,
    ]
    data, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj%s endobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return data + b"xref\n0 7\n0000000000 65535 f \n" + table + b"trailer<</Size 7/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(data)


def nested_documents(levels: int) -> bytes:
    data, media_type = b"Gout.", "text/plain"
    for _ in range(levels):
        text = f'<text mediaType="{media_type}" representation="B64">{base64.b64encode(data).decode()}</text>'
        media_type = "text/xml"
        data = (
            f'<ClinicalDocument xmlns="urn:hl7-org:v3"><component><nonXMLBody>{text}</nonXMLBody></component></ClinicalDocument>'.encode()
        )
    return data


READABLE: dict[str, tuple[Callable[[], bytes], str]] = {
    "table of 20,000 rows": (lambda: b"<table>" + b"<tr><td>a<td>b" * 20_000, "text/html"),
    "row of 40,000 cells": (lambda: b"<table><tr>" + b"<td>a" * 40_000, "text/html"),
    "list of 40,000 items": (lambda: b"<ol>" + b"<li>gout" * 40_000, "text/html"),
    "20,000 headings": (lambda: b"<h1>Plan</h1><h2>Gout</h2>" * 10_000, "text/html"),
    "list of C-CDA": (lambda: cda('<list listType="ordered">' + "<item>gout</item>" * 20_000 + "</list>"), "text/xml"),
    "20,000 list markers": (lambda: rb"{\rtf1 " + rb"{\listtext 1.\tab}Gout\par " * 20_000 + b"}", "text/rtf"),
    "1,000,000 bytes of one line": (lambda: b"gout " * 200_000, "text/plain"),
    "RTF row of 40,000 cells": (lambda: rb"{\rtf1\trowd " + rb"a\cell " * 40_000 + rb"\row}", "text/rtf"),
    "RTF unclosed comment marks": (lambda: b"<!--" * 200_000 + b"gout", "text/plain"),
}

REFUSED: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "HTML nested deep": (lambda: b"<div>" * 100_000 + b"gout", "text/html", "malformed"),
    "XHTML nested deep": (lambda: b"<div>" * 300 + b"gout" + b"</div>" * 300, "application/xhtml+xml", "malformed"),
    "C-CDA nested deep": (lambda: cda("<content>" * 240 + "gout" + "</content>" * 240), "text/xml", "malformed"),
    "RTF nested deep": (lambda: rb"{\rtf1 " + b"{" * 200_000, "text/rtf", "malformed"),
    "RTF nested deep and closed": (lambda: rb"{\rtf1 " + b"{" * 2_000 + b"gout" + b"}" * 2_001, "text/rtf", "malformed"),
    "RTF with binary data to the end of the world": (lambda: rb"{\rtf1 gout{\pict\bin2147483647 xx}}", "text/rtf", "malformed"),
    "RTF of zero bytes": (lambda: b"{\\rtf1" + b"\0" * 10, "text/rtf", "malformed"),
    "too long": (lambda: b"gout " * (MAX_BYTES // 5 + 1), "text/plain", "too-long"),
    "PDF that unpacks to 600 MB": (
        lambda: pdf(zlib.compress(zlib.compress(b" " * 600_000_000, 1), 9), b"[/FlateDecode/FlateDecode]"),
        "application/pdf",
        "malformed",
    ),
    "PDF with an object in itself": (
        lambda: pdf(b"/X Do", b"[]", b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>>>/Length 5>>stream\n/X Do\nendstream"),
        "application/pdf",
        "no-text-layer",
    ),
    "entities in HTML": (lambda: b'<!DOCTYPE html [<!ENTITY a "gout">]><html><p>&a;</p></html>', "text/html", "malformed"),
}  # fmt: skip


@pytest.mark.parametrize("name", READABLE)
def test_large_and_readable(name: str) -> None:
    make, content_type = READABLE[name]
    data, begun = make(), time.process_time()
    assert read_or_refuse(data, content_type) is not None
    assert time.process_time() - begun < 8


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    make, content_type, reason = REFUSED[name]
    with pytest.raises(Unreadable) as refused:
        read_note(make(), content_type)
    assert refused.value.reason == reason


def test_documents_within_documents_end() -> None:
    note = read_or_refuse(nested_documents(15), "text/xml")
    assert note is not None and note.text == "Gout."
