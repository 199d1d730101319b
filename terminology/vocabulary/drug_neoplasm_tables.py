"""The two official tables that stand beside the Alphabetic Index: neoplasms by site and behavior, drugs and chemicals by intent.

Both are printed as rows of terms with six columns of codes. Source: Official Guidelines, Sections I.C.2 and I.C.19.e.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from lxml import etree

from terminology.vocabulary.index_xml import IndexTableError, main_terms, open_table, read_child, read_text, read_title

#: The numbers printed on the cells that hold codes; column 1 is the title.
_PLACES = {str(number + 2): number for number in range(6)}


class Behavior(IntEnum):
    """The columns of the neoplasm table, by place among a row's codes."""

    PRIMARY = 0
    SECONDARY = 1
    IN_SITU = 2
    BENIGN = 3
    UNCERTAIN = 4
    UNSPECIFIED = 5


class Intent(IntEnum):
    """The columns of the table of drugs and chemicals, by place among a row's codes."""

    ACCIDENTAL = 0
    SELF_HARM = 1
    ASSAULT = 2
    UNDETERMINED = 3
    ADVERSE_EFFECT = 4
    UNDERDOSING = 5


@dataclass(frozen=True, slots=True)
class TableRow:
    """A site or substance as printed. ``codes`` has one place for each column, empty where the table prints dashes; a code keeps its own
    final dash. ``note`` is free text beside the title (a ``manif`` in the neoplasm table is no code).
    """

    title: str
    modifiers: tuple[str, ...] = ()
    note: str = ""
    see: str = ""
    see_also: str = ""
    codes: tuple[str, ...] = ("",) * len(_PLACES)
    rows: tuple[TableRow, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeTable:
    """A whole table, in the order printed; ``version`` is the year printed in the file."""

    version: str
    rows: tuple[TableRow, ...]

    def paths(self) -> Iterator[tuple[TableRow, ...]]:
        """Every row with all rows above it, outermost first, in the order printed."""
        for row in self.rows:
            yield from _paths((row,))


def parse_code_table(data: bytes) -> CodeTable:
    """Parse the official XML of the neoplasm table or of the table of drugs. Raises IndexTableError."""
    root = open_table(data)
    return CodeTable(read_child(root, "version"), tuple(_row(element) for element in main_terms(root)))


def _row(element: etree._Element) -> TableRow:
    title, modifiers = read_title(element)
    return TableRow(
        title=title,
        modifiers=modifiers,
        note=read_child(element, "manif"),
        see=read_child(element, "see"),
        see_also=read_child(element, "seeAlso"),
        codes=_codes(element),
        rows=tuple(_row(child) for child in element.findall("term")),
    )


def _codes(element: etree._Element) -> tuple[str, ...]:
    """The six codes of a row; a cell that is missing or holds only dashes is empty."""
    codes = [""] * len(_PLACES)
    for cell in element.findall("cell"):
        place = _PLACES.get(cell.get("col", ""))
        if place is None:
            raise IndexTableError(f"a cell stands in no column of the table (line {cell.sourceline})")
        text = read_text(cell)
        codes[place] = text if text.strip("-– ") else ""
    return tuple(codes)


def _paths(path: tuple[TableRow, ...]) -> Iterator[tuple[TableRow, ...]]:
    yield path
    for row in path[-1].rows:
        yield from _paths((*path, row))
