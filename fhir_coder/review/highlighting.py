"""Canonical text cut where highlights begin and end, and the pieces as HTML. Pure: nothing is read, nothing of a note is anything but text.

Offsets are code points of the canonical text, as everywhere. The texts of the pieces, one after the other, are the text: overlapping spans cut
each other, and none is lost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from markupsafe import Markup, escape

_SHOWN_AS = str.maketrans({"\0": "\ufffd"})
"""A parser of HTML drops U+0000, so that places after it would not be where they are."""


class Mark(StrEnum):
    """What a highlight says of its words, most important first; the values are class names of the style sheet."""

    CODE = "code"
    FINDING = "finding"
    NEGATED = "negated"
    ELSEWHERE = "elsewhere"
    WEIGHED = "weighed"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Words from ``start`` to ``end``. ``rank`` is the place in claim order of the code that rests on them, 0 for none."""

    start: int
    end: int
    mark: Mark
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the text that all of ``spans`` cover, and no other."""

    start: int
    text: str
    spans: tuple[Span, ...] = ()


def pieces(text: str, spans: Iterable[Span], cuts: Iterable[int] = ()) -> tuple[Piece, ...]:
    """The text in pieces, cut also at ``cuts``. Spans that are empty or reach beyond the text have no words and are left out."""
    opening: defaultdict[int, set[Span]] = defaultdict(set)
    closing: defaultdict[int, set[Span]] = defaultdict(set)
    for span in spans:
        if 0 <= span.start < span.end <= len(text):
            opening[span.start].add(span)
            closing[span.end].add(span)
    places = sorted({0, len(text), *opening, *closing, *(cut for cut in cuts if 0 < cut < len(text))})
    found, open_now = [], set[Span]()
    for start, end in pairwise(places):
        open_now = (open_now - closing[start]) | opening[start]
        found.append(Piece(start, text[start:end], tuple(sorted(open_now))))
    return tuple(found)


def span_name(note: int, start: int, end: int) -> str:
    """How the page names the words from ``start`` to ``end`` of its note of that number."""
    return f"{note}-{start}-{end}"


def place_name(note: int, start: int) -> str:
    """The id of the element in which words begin."""
    return f"w{note}-{start}"


def html(note: int, run: Iterable[Piece]) -> Markup:
    """Pieces as HTML: escaped text, and ``mark`` elements that say which spans they belong to. Attributes hold our own words and numbers only."""
    return Markup("").join(_element(note, piece) if piece.spans else _words(piece.text) for piece in run)


def _element(note: int, piece: Piece) -> Markup:
    marks = {span.mark for span in piece.spans}
    end = piece.start + len(piece.text)
    ending = sorted({span.rank for span in piece.spans if span.rank and span.end == end})
    return Markup('<mark id="{}" class="{}" data-spans="{}" data-ranks="{}"{}>{}</mark>').format(
        place_name(note, piece.start),
        " ".join(mark.value for mark in Mark if mark in marks),
        " ".join(dict.fromkeys(span_name(note, span.start, span.end) for span in piece.spans)),
        " ".join(str(rank) for rank in sorted({span.rank for span in piece.spans if span.rank})),
        Markup(' data-ends="{}"').format(" ".join(map(str, ending))) if ending else "",
        _words(piece.text),
    )


def _words(text: str) -> Markup:
    return escape(text.translate(_SHOWN_AS)).replace("\r", Markup("&#13;"))
