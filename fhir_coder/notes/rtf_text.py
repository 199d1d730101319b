"""The text of an RTF document under construction: lines, table rows, footnotes at the end."""

from __future__ import annotations

from fhir_coder.notes.layout import CELL_SEPARATOR

_MOST_LINES = 2


class RtfText:
    """Lines as the writer made them, blanks and tabs kept; cells of a row joined as in other formats; at most one empty line in a row."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._lines = 0
        self._is_cell_due = False
        self._has_cells = False

    def write(self, text: str) -> None:
        """Write characters into the current line."""
        if not text:
            return
        if self._parts and self._lines:
            self._parts.append("\n" * self._lines)
        elif self._is_cell_due and self._has_cells:
            self._parts.append(CELL_SEPARATOR)
        self._lines, self._is_cell_due = 0, False
        self._has_cells = True
        self._parts.append(text)

    def line(self) -> None:
        """End the line; twice leaves one empty line."""
        self._lines = min(self._lines + 1, _MOST_LINES)

    def cell(self) -> None:
        """End a cell: the next one of the row stands behind a separator. Empty cells leave no trace."""
        self._is_cell_due = True
        if self._has_cells:
            self._lines = 0

    def row(self) -> None:
        """End a table row."""
        self._is_cell_due = self._has_cells = False
        self._lines = max(self._lines, 1)

    def start_row(self) -> None:
        """Begin counting cells anew at the start of a row; what stood before it is no cell."""
        self._is_cell_due = self._has_cells = False

    def text(self) -> str:
        """The finished text."""
        return "".join(self._parts)
