"""What holds for every reader, whatever it is given: only documented refusals, canonical text, sections in place, words in order.

``make soak`` runs the same properties on many more documents.
"""

from __future__ import annotations

import base64
import random
from html import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from invariants import check_note, read_or_refuse
from zoo_manifest import Exhibit, exhibits

from fhir_coder.notes.formats import content_types, read_note
from fhir_coder.notes.signatures import recognise_file

EXHIBITS = exhibits()
#: Reading a PDF starts a process, so there are fewer examples of it.
QUICK = [one for one in EXHIBITS if b"%PDF" not in one.data and b"JVBERi" not in one.data]
PDFS = [one for one in EXHIBITS if one.name.startswith("pdf-")]

TYPES = st.one_of(
    st.sampled_from([one for one in content_types() if "pdf" not in one]),
    st.sampled_from(["", "application/octet-stream", "image/png", "text/plain; charset=utf-16", 'text/html;charset="iso-8859-1"', "text/plain; charset=utf-7", "text/plain;charset=idna"]),
    st.text(max_size=30),
)  # fmt: skip
STARTS = st.sampled_from(
    [b"", b"{\\rtf1", b"{\\rtf1\\ansi{\\fonttbl{\\f1\\fcharset128 A;}}\\f1 ", b"<html>", b"<?xml version='1.0'?>", b"<div xmlns='http://www.w3.org/1999/xhtml'>",
     b"<ClinicalDocument xmlns='urn:hl7-org:v3'>", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04"]
)  # fmt: skip
PIECES = st.sampled_from(
    [b"{", b"}", b"\\", b"\\u-10179?", b"\\u56832", b"\\'", b"\\'8", b"\\'e9", b"\\par", b"\\cell", b"\\row ", b"\\*", b"\\bin5 ", b"\\bin-1 ", b"\\uc9", b"\\v ",
     b"{\\*\\fldinst SYMBOL 99999 \\\\f Wingdings}", b"{\\footnote", b"{\\fonttbl{\\f0\\fcharset2 Symbol;}}", b"\\f0", b"\\ansicpg65001", b"\\ansicpg1200",
     b"<p>", b"</p>", b"<h1>", b"<li>", b"<td>", b"<!--", b"-->", b"<![CDATA[", b"&#xD800;", b"&nbsp;", b"&x;", b"<!DOCTYPE html", b"<input type=checkbox>", b"<select><option selected>",
     b"gout", b"e", b"&#x301;", b"\xcc\x81", b"\xe1\x84\x80", b"&#x1161;", b"\xcc\xa3", b"\xc3\xa9", b"\x93", b"\0", b"\r\n", b" ", b"\xf0\x9f\x98\x80"]
)  # fmt: skip
NOISE = st.builds(lambda start, parts: start + b"".join(parts), STARTS, st.lists(st.one_of(PIECES, st.binary(max_size=6)), max_size=30))
WORDS = st.lists(st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCéßñДα漢😀0123456789", min_size=1, max_size=9), min_size=1, max_size=25)


def mutate(data: bytes, seed: int) -> bytes:
    """Flip bytes, cut, drop, double or splice in a piece of the same document."""
    dice = random.Random(seed)
    changed = bytearray(data or b"x")
    for _ in range(dice.randint(1, 6)):
        at, length = dice.randrange(len(changed) or 1), dice.randint(1, 40)
        how = dice.randrange(5)
        if how == 0:
            changed[at : at + 1] = bytes([dice.randrange(256)])
        elif how == 1:
            del changed[at : at + length]
        elif how == 2:
            changed[at:at] = changed[at : at + length]
        elif how == 3:
            other = dice.randrange(len(changed) or 1)
            changed[at:at] = changed[other : other + length]
        else:
            del changed[max(at, len(changed) // 8) :]
    return bytes(changed)


def check_noise(data: bytes, content_type: str) -> None:
    if recognise_file(data) != "application/pdf":
        read_or_refuse(data, content_type)


def check_mutation(exhibit: Exhibit, seed: int) -> None:
    read_or_refuse(mutate(exhibit.data, seed), exhibit.content_type)


def spoken(text: str) -> list[str]:
    """The words of a text in order, without the marks that a layout adds."""
    return [word for word in text.replace("|", " ").replace("•", " ").split() if word]


# ------------------------------------------------------------------------------------------------------- nothing but a refusal


@settings(max_examples=300, deadline=None)
@given(NOISE, TYPES)
def test_any_bytes_as_any_type(data: bytes, content_type: str) -> None:
    check_noise(data, content_type)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(QUICK), st.integers(0, 2**32))
def test_damaged_documents(exhibit: Exhibit, seed: int) -> None:
    check_mutation(exhibit, seed)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PDFS), st.integers(0, 2**32))
def test_damaged_pdf(exhibit: Exhibit, seed: int) -> None:
    check_mutation(exhibit, seed)


@pytest.mark.soak
@settings(max_examples=20_000, deadline=None)
@given(NOISE, TYPES)
def test_any_bytes_as_any_type_at_length(data: bytes, content_type: str) -> None:
    check_noise(data, content_type)


@pytest.mark.soak
@settings(max_examples=20_000, deadline=None)
@given(st.sampled_from(QUICK), st.integers(0, 2**32))
def test_damaged_documents_at_length(exhibit: Exhibit, seed: int) -> None:
    check_mutation(exhibit, seed)


@pytest.mark.soak
@settings(max_examples=1_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PDFS), st.integers(0, 2**32))
def test_damaged_pdf_at_length(exhibit: Exhibit, seed: int) -> None:
    check_mutation(exhibit, seed)


# ------------------------------------------------------------------------------------------------------------- words in order


def as_rtf(words: list[str], choices: random.Random) -> bytes:
    """A document of the words, in a mixture of all ways to write them."""
    parts = []
    for word in words:
        written = "".join(f"\\u{unit if unit < 32768 else unit - 65536}?" if unit > 126 else chr(unit) for unit in utf16(word))
        dressed = [
            f"{{\\b {written}}}",
            f"{written} ",
            f"{{\\field{{\\*\\fldinst X}}{{\\fldrslt {written}}}}}",
            f"{{\\*\\unknown lost}}{written}",
        ]
        parts.append(choices.choice(dressed) + choices.choice([" ", "\\par\r\n", "\\tab ", "\\line ", "\\cell ", "\\row "]))
    return ("{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}\\f0 " + "".join(parts) + "}").encode("ascii")


def utf16(word: str) -> list[int]:
    data = word.encode("utf-16-le")
    return [int.from_bytes(data[at : at + 2], "little") for at in range(0, len(data), 2)]


def as_markup(words: list[str], choices: random.Random, forms: list[str]) -> str:
    return "".join(choices.choice(forms).format(escape(word)) for word in words)


@settings(max_examples=150, deadline=None)
@given(WORDS, st.integers(0, 2**32))
def test_words_of_rtf_come_back_in_order(words: list[str], seed: int) -> None:
    note = read_note(as_rtf(words, random.Random(seed)), "text/rtf")
    assert spoken(note.text) == words
    check_note(note)


@settings(max_examples=150, deadline=None)
@given(WORDS, st.integers(0, 2**32))
def test_words_of_html_and_xhtml_come_back_in_order(words: list[str], seed: int) -> None:
    forms = [
        "<p>{}</p>",
        "<div><b>{}</b></div>",
        "<ul><li>{}</li></ul>",
        "<table><tr><td>{}</td></tr></table>",
        " {} <br/>",
        "<h2>{}</h2>",
        "<pre>{}</pre>",
        "<del>lost</del> <span>{}</span> ",
    ]
    markup = as_markup(words, random.Random(seed), forms)
    for data, content_type in (
        (f"<html><head><title>lost</title></head><body>{markup}</body></html>".encode(), "text/html; charset=utf-8"),
        (f'<div xmlns="http://www.w3.org/1999/xhtml">{markup}</div>'.encode(), "application/xhtml+xml; charset=utf-8"),
    ):
        note = read_note(data, content_type)
        assert spoken(note.text) == words
        check_note(note)


@settings(max_examples=150, deadline=None)
@given(WORDS, st.integers(0, 2**32), st.sampled_from(["utf-8", "utf-16"]))
def test_words_of_cda_come_back_in_order(words: list[str], seed: int, encoding: str) -> None:
    forms = [
        "<paragraph>{}</paragraph>",
        "<list><item>{}</item></list>",
        "<table><tr><td>{}</td></tr></table>",
        ' {} <br/><content revised="delete">lost</content>',
    ]
    narrative = as_markup(words[1:], random.Random(seed), forms)
    section = f"<component><section><title>{escape(words[0])}</title><text>{narrative}</text></section></component>"
    body = f"<component><structuredBody>{section}</structuredBody></component>"
    document = f'<?xml version="1.0" encoding="{encoding}"?><ClinicalDocument xmlns="urn:hl7-org:v3">{body}</ClinicalDocument>'
    note = read_note(document.encode(encoding), "application/xml")
    assert spoken(note.text) == words
    check_note(note)


@settings(max_examples=60, deadline=None)
@given(WORDS)
def test_an_attached_body_reads_as_it_would_alone(words: list[str]) -> None:
    rtf = as_rtf(["Seen", *words], random.Random(0))
    attached = f'<text mediaType="application/rtf" representation="B64">{base64.b64encode(rtf).decode()}</text>'
    document = f'<ClinicalDocument xmlns="urn:hl7-org:v3"><component><nonXMLBody>{attached}</nonXMLBody></component></ClinicalDocument>'
    assert read_note(document.encode(), "text/xml") == read_note(rtf, "text/rtf")
