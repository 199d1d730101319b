"""From rows to lines of text: empty lines between paragraphs, words that a line end broke, lines that plainly go on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median

from fhir_coder.notes.pages.rows import Row

_PARAGRAPH_STEP = 1.3
_INDENT = 30
_SOFT_HYPHEN = "\u00ad"
_LEAST_WRAPPED = 20
_LEAST_FILLED = 0.7
_BROKEN = re.compile(r"(?P<head>[^\W\d_]{2,})(?P<hyphen>[-‐\u00ad])$")
_NEXT_WORD = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_ENDINGS = re.compile(
    r"(?:tion|sion|ment|ing|ity|ness|ous|tis|itis|mia|emia|nia|osis|sis|gia|algia|pathy|ology|logy|tomy|ectomy|scopy|graphy|gram|"
    r"cal|ical|tive|ble|able|ance|ence|ed|er|ly|tes|tension|betes|lar|nary|tary|tory|rial|tric|dism|roid|cular)s?$"
)


def lay_lines(rows: Sequence[Row]) -> str:
    """The text of the rows in reading order.

    A row whose next one begins with a small letter, where its first word would not have fitted, is one line with it. A hyphen at the end
    of a row is dropped where the joined word stands elsewhere in the document or the rest is only an ending; else it is kept: report
    writers break at hyphens that are the author's ("follow-up").
    """
    texts = [row.text() for row in rows]
    known = Counter(word.lower() for text in texts for word in _WORD.findall(text))
    step, edges = _usual_step(rows), _right_edges(rows)
    parts: list[str] = []
    for number, text in enumerate(texts):
        if number == 0:
            parts.append(text)
            continue
        joint = _joint(rows[number - 1], rows[number], edges, step)
        broken = _BROKEN.search(parts[-1])
        if broken is not None and text[0].islower() and joint != "\n\n":
            head, parts[-1] = broken["head"], parts[-1][: broken.start()]
            first, _, rest = text.partition(" ")
            parts.append(head + first if broken["hyphen"] == _SOFT_HYPHEN else _mend(head, first, known))
            parts.append(joint + rest if rest else "")
        else:
            parts += [joint, text]
    return "".join(parts)


def _joint(before: Row, row: Row, edges: Mapping[int, float], step: float) -> str:
    drop = before.base - row.base
    is_table = len(before.segments) > 1 and len(row.segments) > 1
    if not is_table and drop > max(step, before.size, row.size) * _PARAGRAPH_STEP:
        return "\n\n"
    return " " if _goes_on(before, row, edges) else "\n"


def _goes_on(before: Row, row: Row, edges: Mapping[int, float]) -> bool:
    """Whether the line was wrapped: the next begins in lower case and its first word would not have fitted."""
    segment = row.segments[0]
    if len(before.segments) > 1 or len(row.segments) > 1 or not segment.text[0].islower() or before.segments[0].text[-1] in ".:;?!":
        return False
    edge, words = edges[_margin(before)], before.segments[0].text
    if len(words) < _LEAST_WRAPPED or before.right - before.left < _LEAST_FILLED * (edge - before.left):
        return False
    width = (segment.right - segment.left) / len(segment.text)
    return before.right + width * (len(segment.text.split()[0]) + 1) > edge


def _right_edges(rows: Sequence[Row]) -> dict[int, float]:
    """How far lines reach to the right, by where they begin."""
    edges: dict[int, float] = {}
    for row in rows:
        if len(row.segments) == 1:
            edges[_margin(row)] = max(edges.get(_margin(row), 0), row.right)
    reach = dict(edges)
    for margin in edges:
        reach[margin] = max(edges.get(near, 0) for near in (margin - 1, margin, margin + 1))
    return reach


def _margin(row: Row) -> int:
    return round(row.left / _INDENT)


def _mend(head: str, first: str, known: Counter[str]) -> str:
    tail = _NEXT_WORD.match(first)
    ending = tail.group() if tail else ""
    joined = (head + ending).lower()
    if joined in known or (f"{head}-{ending}".lower() not in known and _ENDINGS.match(ending) and known[ending] == 1):
        return head + first
    return f"{head}-{first}"


def _usual_step(rows: Sequence[Row]) -> float:
    steps = [before.base - row.base for before, row in pairwise(rows) if 0 < before.base - row.base < 3 * row.size]
    return median(steps) if steps else 0.0
