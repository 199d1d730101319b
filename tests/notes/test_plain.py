"""Plain text and the canonical form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_coder.notes.canonical import MAX_BYTES, canonical
from fhir_coder.notes.formats import Unreadable, content_types, read_note


@pytest.mark.parametrize(
    ("data", "content_type", "text", "has_warning"),
    [
        (b"Cough", "text/plain", "Cough", False),
        (b"a\r\nb\rc\x0cd", "text/plain", "a\nb\nc\nd", False),
        ("Ménière".encode(), "text/plain; charset=utf-8", "Ménière", False),
        ("Ménière".encode("latin-1"), "text/plain; charset=ISO-8859-1", "Ménière", False),
        ("Ménière".encode("latin-1"), 'TEXT/PLAIN; format=flowed; charset="iso-8859-1"', "Ménière", False),
        ("Ménière".encode("cp1252"), "text/plain", "Ménière", True),
        ("“well”".encode("cp1252"), "text/plain; charset=utf-8", "“well”", True),
        ("Ménière".encode(), "text/plain; charset=no-such", "Ménière", True),
        ("\ufeffCough".encode(), "text/plain", "Cough", False),
        ("Cough".encode("utf-16"), "text/plain", "Cough", False),
        ("Me\u0301nie\u0300re".encode(), "text/plain", "Ménière", False),
        ("co\u00adugh\u200b\u00a05 mg".encode(), "text/plain", "cough 5 mg", False),
        ("ﬁbrosis, insuﬃcient".encode(), "text/plain", "fibrosis, insufficient", False),
        ("\uf0b7 fever \uf0b3 38".encode(), "text/plain", "• fever ≥ 38", False),
        ("½ tablet".encode(), "text/plain", "½ tablet", False),
        (b"bell\x07 here", "text/plain", "bell here", False),
        (b"  kept\t as is \n", "text/plain", "  kept\t as is \n", False),
    ],
)
def test_plain_text(data: bytes, content_type: str, text: str, has_warning: bool):
    note = read_note(data, content_type)
    assert (note.text, note.hints, bool(note.warnings)) == (text, (), has_warning)


@pytest.mark.parametrize(
    ("data", "content_type", "reason"),
    [
        (b"", "text/plain", "empty"),
        (b" \n\t", "text/plain", "empty"),
        (b"...", "text/plain", "empty"),
        (b"%PDF-1.7 x", "text/plain", "malformed"),
        (bytes(range(32)) * 4, "text/plain", "undecodable"),
        (b"\xff\xfe\x00", "text/plain", "undecodable"),
        (b"x" * (MAX_BYTES + 1), "text/plain", "too-long"),
        (b"x", "application/pdf", "malformed"),
        (b"x", "image/png", "not-text"),
        (b"x", "application/x-unknown", "unsupported-type"),
    ],
)
def test_unreadable(data: bytes, content_type: str, reason: str):
    with pytest.raises(Unreadable) as raised:
        read_note(data, content_type)
    assert raised.value.reason == reason


def test_the_words_of_a_note_are_never_in_the_error():
    with pytest.raises(Unreadable) as raised:
        read_note(b"<note>secret</note>", "text/xml")
    assert "secret" not in str(raised.value)


def test_every_promised_type_is_read():
    promised = {
        "text/plain",
        "text/html",
        "application/xhtml+xml",
        "application/xml",
        "text/xml",
        "application/hl7-v3+xml",
        "application/cda+xml",
        "text/rtf",
        "application/rtf",
        "application/pdf",
    }
    assert promised <= set(content_types())


@given(st.text(max_size=80))
def test_canonical_text_is_its_own_canonical_form(text: str):
    once = canonical(text)
    assert canonical(once) == once
    assert "\r" not in once
