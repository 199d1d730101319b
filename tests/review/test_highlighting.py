"""Highlighted text is exactly the text: nothing lost, nothing doubled, nothing that is markup."""

from __future__ import annotations

import html as html_library
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_coder.review.highlighting import Mark, Piece, Span, html, pieces, place_name, span_name

HOSTILE = "<b>&amp;\"'</mark>\r\n\t\0\u202e\U0001f9d1 e\u0301<script>alert(1)</script>"
TEXTS = st.text(st.one_of(st.sampled_from(HOSTILE), st.characters(exclude_categories=("Cs",))), max_size=60)
SPANS = st.lists(st.builds(Span, st.integers(-2, 62), st.integers(-2, 62), st.sampled_from(Mark), st.integers(0, 3)), max_size=8)


class Reading(HTMLParser):
    """What a browser makes of it: text, and the elements with the text in each."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.tags, self.marks, self._attributes = "", set[str](), list[tuple[dict[str, str], str]](), None
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.marks.append(({name: value or "" for name, value in attrs}, ""))
        self._attributes = tag

    def handle_endtag(self, tag: str) -> None:
        self._attributes = None

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._attributes:
            attributes, words = self.marks[-1]
            self.marks[-1] = attributes, words + data


@given(TEXTS, SPANS, st.lists(st.integers(-3, 63), max_size=5))
def test_pieces_are_the_text_and_each_span_its_words(text: str, spans: list[Span], cuts: list[int]) -> None:
    found = pieces(text, spans, cuts)
    assert "".join(piece.text for piece in found) == text
    assert all(piece.text and text[piece.start :].startswith(piece.text) for piece in found)
    for span in spans:
        words = "".join(piece.text for piece in found if span in piece.spans)
        assert words == (text[span.start : span.end] if 0 <= span.start < span.end <= len(text) else "")
    starts = {piece.start for piece in found}
    assert {cut for cut in cuts if 0 < cut < len(text)} <= starts


@given(TEXTS, SPANS)
def test_html_reads_as_the_text_and_has_no_tag_but_ours(text: str, spans: list[Span]) -> None:
    markup = str(html(2, pieces(text, spans)))
    read = Reading(markup)
    assert read.text == text.replace("\0", "\ufffd") and read.tags <= {"mark"}
    for attributes, words in read.marks:
        assert set(attributes) <= {"id", "class", "data-spans", "data-ranks", "data-ends"}
        assert all(re.fullmatch(r"[a-z0-9 \-]*", value) for value in attributes.values()) and words
    for span in spans:
        if 0 <= span.start < span.end <= len(text):
            mine = [one for one in read.marks if span_name(2, span.start, span.end) in one[0]["data-spans"].split()]
            assert "".join(words for _, words in mine) == text[span.start : span.end].replace("\0", "\ufffd")
            assert mine[0][0]["id"] == place_name(2, span.start) and all(span.mark.value in one[0]["class"].split() for one in mine)
    ids = [attributes["id"] for attributes, _ in read.marks]
    assert len(ids) == len(set(ids))


@given(TEXTS)
def test_a_text_without_spans_is_only_escaped(text: str) -> None:
    markup = str(html(1, pieces(text, ())))
    assert "<" not in markup and ">" not in markup
    assert html_library.unescape(markup) == text.replace("\0", "\ufffd")


COUGH = "No fever, cough and wheeze."


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ((), [(0, COUGH, 0)]),
        ((Span(10, 15, Mark.CODE, 1),), [(0, "No fever, ", 0), (10, "cough", 1), (15, " and wheeze.", 0)]),
        (
            (Span(10, 15, Mark.CODE, 1), Span(10, 26, Mark.FINDING)),
            [(0, "No fever, ", 0), (10, "cough", 2), (15, " and wheeze", 1), (26, ".", 0)],
        ),
        (
            (Span(0, 8, Mark.NEGATED), Span(3, 15, Mark.WEIGHED)),
            [(0, "No ", 1), (3, "fever", 2), (8, ", cough", 1), (15, " and wheeze.", 0)],
        ),
        (
            (Span(10, 15, Mark.CODE, 1), Span(15, 19, Mark.CODE, 2)),
            [(0, "No fever, ", 0), (10, "cough", 1), (15, " and", 1), (19, " wheeze.", 0)],
        ),
    ],
    ids=["none", "one", "nested", "crossing", "touching"],
)
def test_spans_cut_each_other(spans: tuple[Span, ...], expected: list[tuple[int, str, int]]) -> None:
    assert [(piece.start, piece.text, len(piece.spans)) for piece in pieces(COUGH, spans)] == expected


def test_a_mark_says_whose_words_they_are_and_where_these_end() -> None:
    spans = (Span(10, 15, Mark.CODE, 3), Span(10, 15, Mark.CODE, 1), Span(10, 26, Mark.FINDING), Span(10, 26, Mark.CODE, 2))
    first, second = Reading(str(html(1, pieces(COUGH, spans)))).marks
    assert first[0] == {"id": "w1-10", "class": "code finding", "data-spans": "1-10-15 1-10-26", "data-ranks": "1 2 3", "data-ends": "1 3"}
    assert second[0] == {"id": "w1-15", "class": "code finding", "data-spans": "1-10-26", "data-ranks": "2", "data-ends": "2"}


def test_carriage_returns_stay_what_they_are() -> None:
    assert str(html(1, (Piece(0, "a\r\nb"),))) == "a&#13;\nb"
