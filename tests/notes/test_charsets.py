"""Charset labels and what happens when they are wrong. Whole documents are in the zoo."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_coder.notes.canonical import Unreadable
from fhir_coder.notes.charsets import decode, find_codec


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("utf-8", "utf-8"),
        ("UTF8", "utf-8"),
        (" 'utf-8' ", "utf-8"),
        ("iso-8859-1", "cp1252"),
        ("latin1", "cp1252"),
        ("windows-1252", "cp1252"),
        ("us-ascii", "ascii"),
        ("x-mac-roman", "mac-roman"),
        ("macintosh", "mac-roman"),
        ("shift_jis", "cp932"),
        ("gb2312", "gbk"),
        ("ks_c_5601-1987", "cp949"),
        ("unicode", "utf-16-le"),
        ("cp437", "cp437"),
        ("IBM850", "cp850"),
        ("utf-32", "utf-32"),
        ("utf-7", ""),
        ("hz-gb-2312", ""),
        ("iso-2022-kr", ""),
        ("punycode", ""),
        ("unicode_escape", ""),
        ("hex", ""),
        ("rot13", ""),
        ("zlib", ""),
        ("no such thing", ""),
        ("a\0b", ""),
        ("", ""),
    ],
)
def test_label(label: str, codec: str) -> None:
    assert find_codec(label) == codec


@pytest.mark.parametrize(
    ("data", "charset", "text", "warned"),
    [
        ("Ménière".encode(), "windows-1252", "Ménière", "the bytes are UTF-8"),
        ("Ménière".encode("cp1252"), "windows-1252", "Ménière", ""),
        ("“Ménière”".encode("cp1252"), "iso-8859-1", "“Ménière”", ""),
        ("Ménière".encode("cp1252"), "utf-8", "Ménière", "read as Windows-1252"),
        ("Ménière".encode(), "us-ascii", "Ménière", "does not fit"),
        (b"Cough", "utf-16", "Cough", "does not fit"),
        (b"Coughs", "utf-16le", "Coughs", "the bytes are UTF-8"),
        ("Cough".encode("utf-16-le"), "utf-16", "Cough", ""),
        ("Cough".encode("utf-16-be"), "utf-16be", "Cough", ""),
        ("Cough for 3 days".encode("utf-16-be"), "", "Cough for 3 days", "UTF-16-BE"),
        ("Cough for 3 days".encode("utf-16-le"), "utf-8", "Cough for 3 days", "UTF-16-LE"),
        ("Ménière".encode().decode("cp1252").encode(), "", "MÃ©niÃ¨re", "encoded twice"),
        ("São Ângelo, Â".encode(), "", "São Ângelo, Â", ""),
        ("高血圧".encode("cp932"), "shift_jis", "高血圧", ""),
        ("\ufeffCough".encode(), "windows-1252", "\ufeffCough", ""),
    ],
)
def test_decoded(data: bytes, charset: str, text: str, warned: str) -> None:
    decoded = decode(data, charset)
    assert (decoded.text.replace("\ufeff", ""), decoded.warning == "") == (text.replace("\ufeff", ""), warned == "")
    assert warned in decoded.warning


@given(
    st.binary(max_size=60),
    st.one_of(st.text(max_size=12), st.sampled_from(["utf-16", "utf-32", "cp437", "gb18030", "idna", "iso-2022-jp", "utf-8-sig"])),
)
def test_any_bytes_under_any_label_are_characters_or_refused(data: bytes, charset: str) -> None:
    try:
        decode(data, charset).text.encode("utf-8")
    except Unreadable as refused:
        assert refused.reason in ("empty", "undecodable")
