"""From glyphs to rows in reading order.

The order of the content stream is what the writer of the document meant, and is kept where it runs down the page; a run that starts above
the one before it is put in its place (a page footer that was drawn first), and runs side by side are read from left to right. Where the
stream jumps about (values printed over the lines of a form), rows are built from the places of the glyphs alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from fhir_coder.notes.layout import CELL_SEPARATOR
from fhir_coder.notes.pages.process import Glyph

_SAME_LINE = 0.35
_BESIDE = 0.5
_WORD_GAP = 0.28
_CELL_GAP = 0.85
_TYPED_GAP = 1.5
_STOPS = (".", "?", "!", ":", ";", ",")
_COLUMN_STEP = 4
_WIDE_GAP = 3
_LONGEST_LABEL = 28
_SAME_HEIGHTS = 0.6
_MARKER = re.compile(r"(?:[•●▪◦‣·*○➢►–—☐☒☑✓-]|\(?\d{1,3}[.)]|\(?[A-Za-z][.)]|#\d{0,2}[.):]?)$")


@dataclass(slots=True)
class Segment:
    """Words printed next to each other on one line; distances in points."""

    text: str
    left: float
    right: float
    base: float
    size: float


@dataclass(slots=True)
class Row:
    """One printed line: segments from left to right."""

    segments: list[Segment] = field(default_factory=list)

    @property
    def left(self) -> float:
        """Where it begins."""
        return self.segments[0].left

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.segments[-1].right

    @property
    def base(self) -> float:
        """Its baseline, growing upwards."""
        return self.segments[0].base

    @property
    def size(self) -> float:
        """The height of its letters."""
        return max(segment.size for segment in self.segments)

    def text(self) -> str:
        """Its words: wide gaps separate cells, except behind a list marker or a label."""
        parts: list[str] = []
        for segment in self.segments:
            if parts:
                before = parts[-1]
                parts.append(" " if _MARKER.match(before) or before.endswith(":") else CELL_SEPARATOR)
            parts.append(segment.text)
        return "".join(parts)


def find_rows(glyphs: Iterable[Glyph]) -> list[Row]:
    """The rows of a page, in reading order. Text printed at another angle than most (a stamp, a margin note) comes last."""
    by_angle: dict[int, list[Glyph]] = {}
    glyphs = list(glyphs)
    for glyph in (one for one in glyphs if not one.is_answer):
        by_angle.setdefault(round(glyph.angle / 10) * 10 % 360, []).append(glyph)
    groups = sorted(by_angle.values(), key=len, reverse=True)
    rows = [row for group in groups for row in _order(_segments(group))]
    for answer in (one for one in glyphs if one.is_answer):
        _insert(rows, Segment(answer.text, answer.left, answer.right, answer.base, answer.size))
    return [_joined(row) for row in rows] if any(one.is_answer for one in glyphs) else rows


def _insert(rows: list[Row], answer: Segment) -> None:
    """Put an answer into the row it was printed beside, else above the first row below it."""
    beside = [row for row in rows if abs(row.base - answer.base) <= max(row.size, answer.size) * _BESIDE]
    if beside:
        row = min(beside, key=lambda row: max(row.left - answer.right, answer.left - row.right, 0))
        row.segments.append(answer)
        row.segments.sort(key=lambda segment: segment.left)
        return
    place = next((number for number, row in enumerate(rows) if row.base < answer.base), len(rows))
    rows.insert(place, Row([answer]))


def _segments(glyphs: Sequence[Glyph]) -> list[Segment]:
    found: list[Segment] = []
    is_blank_before = is_typed = False
    for glyph in glyphs:
        if not glyph.text.strip():
            is_blank_before, is_typed = True, is_typed or bool(glyph.text)
            continue
        last = found[-1] if found else None
        is_wide = is_typed or (last is not None and last.text.endswith(_STOPS))
        if last is not None and _continues(last, glyph, _TYPED_GAP if is_wide else _CELL_GAP):
            gap = glyph.left - last.right
            last.text += (" " if is_blank_before or gap > _WORD_GAP * glyph.size else "") + glyph.text
            last.right, last.size = max(last.right, glyph.right), max(last.size, glyph.size)
        else:
            found.append(Segment(glyph.text, glyph.left, glyph.right, glyph.base, glyph.size))
        is_blank_before = is_typed = False
    return found


def _continues(segment: Segment, glyph: Glyph, gap: float) -> bool:
    """Whether the glyph is printed right behind the segment; a small one may be raised or lowered."""
    size = max(segment.size, glyph.size)
    return abs(glyph.base - segment.base) < size * _SAME_LINE and -0.5 * size <= glyph.left - segment.right <= gap * size


@dataclass(slots=True)
class _Run:
    """A stretch of the stream that runs down the page. ``is_cut`` says that only a wide gap parts it from the run before it."""

    number: int
    is_cut: bool
    segments: list[Segment]

    @property
    def top(self) -> float:
        return max(segment.base + segment.size * _SAME_LINE for segment in self.segments)

    @property
    def bottom(self) -> float:
        return min(segment.base for segment in self.segments)

    @property
    def edges(self) -> tuple[float, float]:
        return min(segment.left for segment in self.segments), max(segment.right for segment in self.segments)


def _order(segments: list[Segment]) -> list[Row]:
    return [row for band in _bands(_runs(segments)) for row in _order_band(band)]


def _runs(segments: list[Segment]) -> list[_Run]:
    """The stream cut wherever it goes back up without going to the right as well (which a second column or a second cell does), and at
    wide gaps."""
    runs: list[_Run] = []
    for segment in segments:
        last = runs[-1].segments[-1] if runs else None
        is_cut = last is not None and last.base - segment.base > _WIDE_GAP * max(last.size, segment.size)
        if last is None or is_cut or _goes_back(last, segment):
            runs.append(_Run(len(runs), is_cut, []))
        runs[-1].segments.append(segment)
    return runs


def _goes_back(last: Segment, segment: Segment) -> bool:
    tolerance = last.size * _SAME_LINE
    if abs(segment.base - last.base) <= tolerance:
        return segment.left < last.left
    return segment.base > last.base and segment.left < last.left + _COLUMN_STEP * last.size


def _bands(runs: list[_Run]) -> list[list[_Run]]:
    """The runs from top to bottom; those that overlap in height together, in the order of the stream."""
    bands: list[list[_Run]] = []
    floor = 0.0
    for run in sorted(runs, key=lambda run: -run.top):
        if not bands or run.top < floor:
            bands.append([])
            floor = run.bottom
        bands[-1].append(run)
        floor = min(floor, run.bottom)
    return [sorted(band, key=lambda run: run.number) for band in bands]


def _order_band(runs: list[_Run]) -> list[Row]:
    """The rows of one band: one run as it is, runs side by side from left to right, anything else by place."""
    merged: list[_Run] = []
    for run in runs:
        if merged and run.is_cut and run.number == merged[-1].number + 1:
            merged[-1] = _Run(run.number, merged[-1].is_cut, merged[-1].segments + run.segments)
        else:
            merged.append(run)
    merged.sort(key=lambda run: run.edges)
    is_side_by_side = all(before.edges[1] < after.edges[0] for before, after in pairwise(merged))
    if len(merged) == 1 or (is_side_by_side and all(len(run.segments) > 1 for run in merged)):
        return [row for run in merged for row in _fold(run.segments)]
    return _by_place([segment for run in merged for segment in run.segments])


def _fold(segments: list[Segment]) -> list[Row]:
    """The rows of one run. Where it goes up to the right and comes down beside short lines, at their heights, it was a table printed column
    by column (all labels of a form, then all values): rows go across it."""
    strands: list[list[Segment]] = [[]]
    for segment in segments:
        last = strands[-1][-1] if strands[-1] else segment
        if segment.base > last.base + last.size * _SAME_LINE:
            strands.append([])
        strands[-1].append(segment)
    rows: list[Row] = []
    for strand in strands:
        beside = _in_stream(strand)
        first = next((number for number, row in enumerate(rows) if row.base <= beside[0].base + row.size * _SAME_LINE), len(rows))
        if _are_labels(rows[first:], beside):
            rows[first:] = _by_place([segment for row in rows[first:] + beside for segment in row.segments])
        else:
            rows += beside
    return rows


def _are_labels(labels: list[Row], values: list[Row]) -> bool:
    """Whether rows are the left part of those printed after them: short, and at the same heights."""
    if not labels or sum(len(row.text()) for row in labels) > _LONGEST_LABEL * len(labels):
        return False
    heights = {round(row.base) for row in labels}
    same = sum(1 for row in values if heights & {round(row.base) - 1, round(row.base), round(row.base) + 1})
    return same >= _SAME_HEIGHTS * len(values)


def _in_stream(segments: list[Segment]) -> list[Row]:
    rows: list[Row] = []
    for segment in segments:
        if rows and abs(rows[-1].base - segment.base) <= rows[-1].size * _SAME_LINE and segment.left >= rows[-1].left:
            rows[-1].segments.append(segment)
        else:
            rows.append(Row([segment]))
    return rows


def _by_place(segments: list[Segment]) -> list[Row]:
    rows: list[Row] = []
    for segment in sorted(segments, key=lambda one: (-one.base, one.left)):
        if rows and abs(rows[-1].base - segment.base) <= max(rows[-1].size, segment.size) * _SAME_LINE:
            rows[-1].segments.append(segment)
        else:
            rows.append(Row([segment]))
    for row in rows:
        row.segments.sort(key=lambda one: one.left)
    return [_joined(row) for row in rows]


def _joined(row: Row) -> Row:
    """Segments that stand close together (a value printed behind its label) become one."""
    joined = [row.segments[0]]
    for segment in row.segments[1:]:
        last = joined[-1]
        if segment.left - last.right <= _CELL_GAP * max(last.size, segment.size):
            last.text += " " + segment.text
            last.right = max(last.right, segment.right)
        else:
            joined.append(segment)
    return Row(joined)
