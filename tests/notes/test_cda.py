"""C-CDA notes: the narrative of every section, nested ones too."""

from __future__ import annotations

import base64
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_coder.model import Encounter, Note, SectionKind
from fhir_coder.notes.formats import NoteText, Unreadable, read_note
from fhir_coder.reading.sections import find_sections

LOINC = "2.16.840.1.113883.6.1"


def section(title: str, code: str, text: str, nested: str = "") -> str:
    named = f"<title>{title}</title>" if title else ""
    return f'<component><section><code code="{code}" codeSystem="{LOINC}"/>{named}<text>{text}</text>{nested}</section></component>'


def document(*sections: str) -> bytes:
    body = f"<component><structuredBody>{''.join(sections)}</structuredBody></component>"
    return f'<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"><title>Visit</title>{body}</ClinicalDocument>'.encode()


def attached(content: str, attributes: str) -> bytes:
    body = f"<component><nonXMLBody><text {attributes}>{content}</text></nonXMLBody></component>"
    return f'<ClinicalDocument xmlns="urn:hl7-org:v3">{body}</ClinicalDocument>'.encode()


def read(data: bytes, content_type: str = "application/xml") -> NoteText:
    return read_note(data, content_type)


@pytest.mark.parametrize(
    ("narrative", "text"),
    [
        ("Plain words", "Plain words"),
        ("<paragraph>One</paragraph><paragraph>Two<br/>three</paragraph>", "One\n\nTwo\nthree"),
        ('<list><item>Gout</item><item><content ID="p1">Asthma</content></item></list>', "• Gout\n• Asthma"),
        ('<list listType="ordered"><item>Gout</item><item>Asthma</item></list>', "1. Gout\n2. Asthma"),
        ("<table><thead><tr><th>Problem</th><th>Status</th></tr></thead><tbody><tr><td>Gout</td><td>Active</td></tr></tbody></table>", "Problem | Status\nGout | Active"),
        ('No <content revised="delete">fever</content><content revised="insert">cough</content>', "No cough"),
        ("<paragraph><caption>Note</caption>Text<renderMultiMedia referencedObject='x'/></paragraph>", "Note\nText"),
    ],
)  # fmt: skip
def test_narrative(narrative: str, text: str):
    assert read(document(section("", "51848-0", narrative))).text == text


def test_sections_nested_and_not_become_hints_and_then_sections():
    nested = section("Gout", "11450-4", "Left toe.")
    note = read(document(section("HPI", "10164-2", "Toe pain."), section("Assessment", "51848-0", "See below.", nested)), "text/xml")
    assert note.text == "HPI\nToe pain.\n\nAssessment\nSee below.\n\nGout\nLeft toe."
    assert [(hint.title, hint.loinc) for hint in note.hints] == [("HPI", "10164-2"), ("Assessment", "51848-0"), ("Gout", "11450-4")]
    sections = find_sections(Encounter("e", (Note("n", note.text, hints=note.hints),))).sections
    assert [found.kind for found in sections] == [SectionKind.HISTORY_OF_PRESENT_ILLNESS, SectionKind.ASSESSMENT, SectionKind.PROBLEM_LIST]


def test_the_declared_encoding_is_used():
    data = document(section("HPI", "10164-2", "Ménière")).decode().replace('"1.0"', '"1.0" encoding="iso-8859-1"').encode("latin-1")
    assert read(data, "application/hl7-v3+xml").text == "HPI\nMénière"


@pytest.mark.parametrize(
    ("content", "attributes", "text"),
    [
        (base64.b64encode(b"Gout\r\nRest").decode(), 'mediaType="text/plain" representation="B64"', "Gout\nRest"),
        (base64.b64encode(b"<p>Gout</p>").decode(), 'mediaType="text/html" representation="B64"', "Gout"),
        ("Gout", 'mediaType="text/plain"', "Gout"),
    ],
)
def test_attached_text(content: str, attributes: str, text: str):
    assert read(attached(content, attributes)).text == text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<Patient xmlns='http://hl7.org/fhir'/>", "unsupported-type"),
        (b"<ClinicalDocument/>", "unsupported-type"),
        (b"<ClinicalDocument xmlns='urn:hl7-org:v3'/>", "empty"),
        (b"not xml", "malformed"),
        (b"", "empty"),
        (document(), "empty"),
        (document(section("", "51848-0", " ")), "empty"),
        (b"<!DOCTYPE x [<!ENTITY e 'y'>]>" + document(section("", "", "&e;")).partition(b"?>")[2], "malformed"),
        (b"<!DOCTYPE x SYSTEM 'file:///etc/hostname'>" + document(section("", "", "a")).partition(b"?>")[2], "malformed"),
        (document(section("", "", "<content>" * 230 + "x" + "</content>" * 230)), "malformed"),
        (attached("!!!", 'mediaType="text/plain" representation="B64"'), "malformed"),
        (attached("JVBERi0=", 'mediaType="application/pdf" representation="B64"'), "malformed"),
        (attached("iVBORw0KGgo=", 'mediaType="image/png" representation="B64"'), "not-text"),
        (attached("eJw=", 'mediaType="text/plain" representation="B64" compression="DF"'), "unsupported-type"),
        (attached('<reference value="note.pdf"/>', 'mediaType="application/pdf"'), "unavailable"),
    ],
)
def test_unreadable(data: bytes, reason: str):
    with pytest.raises(Unreadable) as raised:
        read(data)
    assert raised.value.reason == reason


def test_entities_are_not_expanded():
    bomb = b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]><ClinicalDocument xmlns='urn:hl7-org:v3'>&b;</ClinicalDocument>"
    with pytest.raises(Unreadable):
        read(bomb)


PLAIN = st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), max_size=12).map(escape)
NARRATIVES = st.lists(
    st.one_of(
        PLAIN, PLAIN.map(lambda words: f"<paragraph>{words}</paragraph>"), PLAIN.map(lambda words: f"<list><item>{words}</item></list>")
    ),
    max_size=4,
).map("".join)
SECTIONS = st.recursive(
    st.builds(section, PLAIN, st.sampled_from(["51848-0", "10164-2", ""]), NARRATIVES),
    lambda inner: st.builds(section, PLAIN, st.just("18776-5"), NARRATIVES, inner),
    max_leaves=4,
)


@settings(max_examples=150)
@given(st.lists(SECTIONS, max_size=4))
def test_hints_lie_in_the_text_and_quote_their_title(sections: list[str]):
    try:
        note = read(document(*sections))
    except Unreadable as error:
        assert error.reason in ("empty", "malformed")
        return
    for hint in note.hints:
        assert 0 <= hint.start <= hint.body_start <= hint.end <= len(note.text)
        assert hint.title in " ".join(note.text[hint.start : hint.body_start].split())
