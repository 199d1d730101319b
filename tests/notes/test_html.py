"""HTML notes: the text a reader would see, and the headings."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_coder.notes.formats import NoteText, Unreadable, read_note


def read(markup: str, content_type: str = "text/html; charset=utf-8") -> NoteText:
    return read_note(markup.encode(), content_type)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One  two\n three</p><p>Four</p>", "One two three\n\nFour"),
        ("<div>a</div><div>b<br>c</div>", "a\nb\nc"),
        ("x <b>bold</b>, <i>it</i>alic", "x bold, italic"),
        ("<ul><li>fever</li><li><p>cough</p></li></ul>after", "• fever\n• cough\n\nafter"),
        ("<ol><li>HTN<ul><li>stable</li></ul></li><li>DM</li></ol>", "1. HTN\n• stable\n2. DM"),
        ("<table><tr><th>Test</th><th>Value</th></tr><tr><td>A1c</td><td>7.2</td></tr></table>", "Test | Value\nA1c | 7.2"),
        ("<table><tr><td><p>A</p><p>B</p></td><td>C</td></tr></table>", "A\nB | C"),
        ("<head><title>T</title><style>p{}</style></head><body>a<script>alert(1)</script>b</body>", "ab"),
        ("a &amp; b &lt;5 &eacute;&nbsp;&#189;", "a & b <5 é ½"),
        ("<p style='display: none'>hidden</p><p hidden>too</p>seen", "seen"),
        ("no <del>fever</del> cough", "no cough"),
        ("<!-- note -->text<?php x ?>", "text"),
        ("<p>unclosed <b>tags <p>next", "unclosed tags\n\nnext"),
        ("plain words", "plain words"),
        ("a<br>b<br><br>c<div>d<br></div><div>e</div>", "a\nb\n\nc\nd\ne"),
        ("<pre>A\n\n\n B  b\r\nC</pre>D", "A\n\nB b\nC\n\nD"),
        ("<div style='white-space: pre-wrap'>A\nB <b>c\nd</b></div>", "A\nB c\nd"),
        ("<p>a<o:p></o:p></p><st1:place>b</st1:place>", "a\n\nb"),
        ("<input type=radio checked>yes <input type=radio>no <input value='typed'><input type=hidden value=x><input type=password value=x>", "☒ yes ☐ no typed"),
        ("<select><option>a<option selected>b</select><textarea>c\nd</textarea>", "bc\nd"),
        ("e<b>&#x301;</b> x<i>&#x301;</i>y \u1100<b>\u1161</b>", "\u00e9 x\u0301y \uac00"),
        ("<ol start=3><li>c<li>d</ol><ol start=x><li>a</ol>", "3. c\n4. d\n\n1. a"),
        ("<h1>A<h2>B</h2>C</h1>", "A\n\nB\nC"),
    ],
)  # fmt: skip
def test_text(markup: str, text: str):
    assert read(markup).text == text


def test_headings_are_hints_and_last_until_the_next_of_their_level():
    note = read("<h1>Visit</h1><p>Hello</p><h2>Assessment</h2><p>Gout</p><h3>Detail</h3><p>Toe</p><h2>Plan</h2><p>Rest</p>")
    quoted = [(hint.title, note.text[hint.body_start : hint.end].strip().splitlines()[0]) for hint in note.hints]
    assert quoted == [("Visit", "Hello"), ("Assessment", "Gout"), ("Detail", "Toe"), ("Plan", "Rest")]
    visit, assessment, detail, plan = note.hints
    assert visit.end == plan.end == len(note.text)
    assert assessment.end == detail.end == plan.start


def test_xhtml_with_declaration_and_external_entity():
    markup = (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html SYSTEM "file:///etc/hostname"><html><body><p>Gout &copy;</p></body></html>'
    )
    assert read(markup, "application/xhtml+xml").text == "Gout ©"


def test_charset_of_a_meta_element_is_used():
    markup = '<html><head><meta charset="windows-1252"></head><body>Ménière</body></html>'
    assert read_note(markup.encode("cp1252"), "text/html") == NoteText("Ménière")


@pytest.mark.parametrize(("markup", "reason"), [("<p></p>", "empty"), ("<script>x</script>", "empty"), ("<div>" * 230 + "x", "malformed")])
def test_unreadable(markup: str, reason: str):
    with pytest.raises(Unreadable) as raised:
        read(markup)
    assert raised.value.reason == reason


FRAGMENTS = st.sampled_from(
    ["<h1>", "</h1>", "<h2>Plan", "</h2>", "<p>", "</p>", "<li>", "<ul>", "</ul>", "<td>", "<tr>", "<table>", "</table>", "<br>", " ", "\n", "&nbsp;", "gout", "é", "<b>", "</b>", "<pre>", "&#x301;"]
)  # fmt: skip


@settings(max_examples=150)
@given(st.lists(st.one_of(FRAGMENTS, st.text(max_size=4)), max_size=25))
def test_hints_lie_in_the_text_and_quote_their_title(fragments: list[str]):
    try:
        note = read("".join(fragments))
    except Unreadable:
        return
    for hint in note.hints:
        assert 0 <= hint.start <= hint.body_start <= hint.end <= len(note.text)
        assert hint.title == " ".join(note.text[hint.start : hint.body_start].split())
