"""Laying out markup as lines of text: the canonical text of a note that came as HTML or C-CDA.

White space inside a line collapses to one space as a browser would show it; blocks start on a new line; list items start with a marker;
table cells of one row are joined by `` | ``. Positions handed out are final offsets into the finished text.
"""

from __future__ import annotations

import re
import unicodedata

from fhir_coder.notes.canonical import canonical

CELL_SEPARATOR = " | "
_LONGEST_CLUSTER = 8
_BLANK = re.compile(r"\s+")


class Layout:
    """A text under construction. Nothing already written ever moves, so offsets taken with :meth:`here` stay true."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._pending_lines = 0
        self._written_lines = 0
        self._pending_space = False
        self._breaks = 0
        self._marker = ""
        self._at_line_start = True

    def words(self, text: str) -> None:
        """Write text into the current line, white space collapsed."""
        text = _BLANK.sub(" ", canonical(text))
        if not text:
            return
        if text == " ":
            self._pending_space = True
            return
        lead = text.startswith(" ") or self._pending_space
        self._settle()
        if lead and not self._at_line_start:
            self._write(" ")
        self._write(self._composed(text.strip(" ")))
        self._at_line_start = False
        self._breaks = 0
        self._pending_space = text.endswith(" ")

    def line(self) -> None:
        """End the current line, if anything stands in it."""
        self._end_line(1)

    def break_line(self) -> None:
        """Break the current line where the writer did; the second break in a row leaves an empty line."""
        self._breaks += 1
        self._end_line(min(self._breaks, 2))

    def paragraph(self) -> None:
        """End the current line and leave one blank line before what follows."""
        self._end_line(2)

    def item(self, marker: str) -> None:
        """Start a list item: a new line that begins with the marker, once it has words."""
        self._end_line(1)
        self._marker = marker

    def cell(self) -> None:
        """Start another cell in a row that already has one."""
        self._settle()
        if not self._at_line_start:
            self._write(CELL_SEPARATOR)
        self._pending_space = False
        self._at_line_start = True

    def here(self) -> int:
        """The offset at which the next word will stand."""
        self._settle()
        return self._length

    def text(self) -> str:
        """The finished text, without blanks at its end."""
        return "".join(self._parts).rstrip()

    def _end_line(self, lines: int) -> None:
        if self._length:
            self._pending_lines = max(self._pending_lines, lines - self._written_lines)
        self._pending_space = False
        self._marker = ""

    def _settle(self) -> None:
        if self._pending_lines:
            lines, self._pending_lines = self._pending_lines, 0
            self._write("\n" * lines)
            self._written_lines += lines
            self._at_line_start = True
        if self._marker:
            self._write(self._marker)
            self._marker = ""
            self._at_line_start = True

    def _composed(self, text: str) -> str:
        """The text, with the letter before it where its first character is a mark on that letter: both are one character then."""
        tail = self._parts[-1][-_LONGEST_CLUSTER:] if self._parts else ""
        if unicodedata.is_normalized("NFC", tail + text[:_LONGEST_CLUSTER]):
            return text
        self._parts[-1] = self._parts[-1][: -len(tail)]
        self._length -= len(tail)
        return unicodedata.normalize("NFC", tail + text)

    def _write(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)
        self._written_lines = self._written_lines if text.isspace() and "\n" in text else 0
