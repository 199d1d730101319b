"""Two columns of prose that were printed line by line across the page: told from a table, and read one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fhir_coder.notes.pages.rows import Row

_LEAST_ROWS = 6
_LEAST_CHARACTERS = 22
_LEAST_CONTINUED = 0.3


def read_columns(rows: list[Row]) -> list[Row]:
    """The rows with every stretch of two printed columns turned into the left column followed by the right one.

    A stretch is taken for columns and not for a table when the lines of both sides are long and go on in the middle of a sentence: cells
    begin with a capital or a figure, continued lines often with a small letter.
    """
    found: list[Row] = []
    position = 0
    while position < len(rows):
        edge = _right_edge(rows, position)
        end = _stretch(rows, position, edge) if edge is not None else position
        if edge is None or end == position:
            found.append(rows[position])
            position += 1
            continue
        stretch = rows[position:end]
        found += _split(stretch, edge) if _are_columns(stretch) else stretch
        position = end
    return found


def _right_edge(rows: Sequence[Row], start: int) -> float | None:
    """Where the right column begins, if the row at ``start`` has two segments: the commonest place in the rows below."""
    if len(rows[start].segments) != 2:
        return None
    below = rows[start : start + 4 * _LEAST_ROWS]
    places = Counter(round(row.segments[1].left) for row in below if len(row.segments) == 2)
    place, _ = places.most_common(1)[0]
    return float(place) if abs(rows[start].segments[1].left - place) <= 2 else None


def _stretch(rows: Sequence[Row], start: int, edge: float) -> int:
    """The end of the rows, going down, of which nothing crosses the gutter."""
    end = start
    while end < len(rows) and (end == start or rows[end].base < rows[end - 1].base) and _keeps_sides(rows[end], edge):
        end += 1
    return end


def _keeps_sides(row: Row, edge: float) -> bool:
    if len(row.segments) > 2:
        return False
    return all(segment.right < edge or abs(segment.left - edge) <= 3 * segment.size for segment in row.segments)


def _are_columns(rows: Sequence[Row]) -> bool:
    both = [row for row in rows if len(row.segments) == 2]
    if len(both) < _LEAST_ROWS:
        return False
    sides = [[row.segments[0].text for row in both], [row.segments[1].text for row in both]]
    return all(_is_prose(side) for side in sides)


def _is_prose(lines: Sequence[str]) -> bool:
    is_long = sum(map(len, lines)) >= _LEAST_CHARACTERS * len(lines)
    return is_long and sum(1 for line in lines if line[0].islower()) >= _LEAST_CONTINUED * len(lines)


def _split(rows: Sequence[Row], edge: float) -> list[Row]:
    left: list[Row] = []
    right: list[Row] = []
    for row in rows:
        for segment in row.segments:
            (left if segment.left < edge - segment.size else right).append(Row([segment]))
    return left + right
