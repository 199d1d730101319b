"""Walking a markup tree into a layout: what each element does to the text. HTML and C-CDA narrative each supply their own vocabulary."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from fhir_coder.notes.canonical import Unreadable, canonical
from fhir_coder.notes.layout import Layout

MAX_DEPTH = 200
"""Elements nested deeper than this are not a note: refused before Python's stack is at risk."""

BULLET = "• "
_EMPTY_LINES = re.compile(r"\n[ \t]*\n\s*")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The elements of one markup language by what they do. Elements in none of the sets are inline.

    ``is_dropped`` decides for elements whose attributes, not name, exclude them from the text; ``is_preformatted`` for those whose line ends
    are kept; ``shown_instead`` gives what stands for an element in the text (a ticked box), or None for its content.
    """

    paragraphs: frozenset[str]
    blocks: frozenset[str]
    items: frozenset[str]
    rows: frozenset[str]
    cells: frozenset[str]
    breaks: frozenset[str]
    dropped: frozenset[str]
    headings: frozenset[str] = frozenset()
    is_dropped: Callable[[etree._Element], bool] = lambda element: False
    is_ordered: Callable[[etree._Element], bool] = lambda element: False
    is_preformatted: Callable[[etree._Element], bool] = lambda element: False
    shown_instead: Callable[[etree._Element], str | None] = lambda element: None


@dataclass(slots=True)
class Heading:
    """A heading met on the walk: its element name and where its words stand."""

    name: str
    start: int
    body_start: int


def local_name(element: etree._Element) -> str:
    """The element's name in lower case, without namespace; empty for comments and processing instructions. A name of an office program
    (``o:p``) is not the name of the markup language that it looks like."""
    if not isinstance(element.tag, str):
        return ""
    namespace, _, name = element.tag.rpartition("}")
    return f"office:{name}".lower() if "schemas-microsoft-com" in namespace else name.lower()


def lay_out(root: etree._Element, layout: Layout, vocabulary: Vocabulary) -> list[Heading]:
    """Write the words of a tree into the layout.

    Returns:
        The headings met, in order.

    Raises:
        Unreadable: ``malformed`` when elements nest deeper than MAX_DEPTH.
    """
    walk = _Walk(layout, vocabulary)
    walk.element(root, depth=0)
    return walk.headings


class _Walk:
    def __init__(self, layout: Layout, vocabulary: Vocabulary) -> None:
        self.layout = layout
        self.vocabulary = vocabulary
        self.headings: list[Heading] = []
        self._items: dict[etree._Element, int] = {}

    def element(self, element: etree._Element, depth: int, *, is_preformatted: bool = False) -> None:
        if depth > MAX_DEPTH:
            raise Unreadable("malformed", f"elements nest deeper than {MAX_DEPTH}")
        name = local_name(element)
        if not name or name in self.vocabulary.dropped or self.vocabulary.is_dropped(element):
            return
        shown = self.vocabulary.shown_instead(element)
        if shown is not None:
            self.layout.words(shown)
            return
        self._open(element, name)
        start = self.layout.here() if name in self.vocabulary.headings else 0
        self._content(element, depth, is_preformatted or self.vocabulary.is_preformatted(element))
        if name in self.vocabulary.headings:
            self._close_heading(name, start)
        self._close(element, name)

    def _content(self, element: etree._Element, depth: int, is_preformatted: bool) -> None:
        write = self._lines if is_preformatted else self.layout.words
        write(element.text or "")
        for child in element:
            self.element(child, depth + 1, is_preformatted=is_preformatted)
            write(child.tail or "")
        self._items.pop(element, None)

    def _lines(self, text: str) -> None:
        """Text whose line ends are kept; any number of empty lines is one."""
        for number, paragraph in enumerate(_EMPTY_LINES.split(canonical(text))):
            if number:
                self.layout.paragraph()
            for position, line in enumerate(paragraph.split("\n")):
                if position:
                    self.layout.line()
                self.layout.words(line)

    def _open(self, element: etree._Element, name: str) -> None:
        vocabulary = self.vocabulary
        if name in vocabulary.paragraphs or name in vocabulary.headings:
            self._paragraph(element)
        elif name in vocabulary.items:
            self.layout.item(self._marker(element))
        elif name in vocabulary.breaks:
            self.layout.break_line()
        elif name in vocabulary.rows or name in vocabulary.blocks:
            self.layout.line()
        elif name in vocabulary.cells and _has_cell_before(element, vocabulary.cells):
            self.layout.cell()

    def _close(self, element: etree._Element, name: str) -> None:
        vocabulary = self.vocabulary
        if name in vocabulary.paragraphs:
            self._paragraph_end(element)
        elif name in vocabulary.items or name in vocabulary.rows or name in vocabulary.blocks or name in vocabulary.headings:
            self.layout.line()

    def _paragraph(self, element: etree._Element) -> None:
        """A paragraph inside an item or a cell must not tear the marker or the row from its words."""
        if not self._is_inside_row_or_item(element):
            self.layout.paragraph()
        elif element.getprevious() is not None:
            self.layout.line()

    def _paragraph_end(self, element: etree._Element) -> None:
        if not self._is_inside_row_or_item(element):
            self.layout.paragraph()
        elif element.getnext() is not None:
            self.layout.line()

    def _is_inside_row_or_item(self, element: etree._Element) -> bool:
        parent = element.getparent()
        return parent is not None and local_name(parent) in self.vocabulary.items | self.vocabulary.cells

    def _marker(self, element: etree._Element) -> str:
        parent = element.getparent()
        if parent is None or not self.vocabulary.is_ordered(parent):
            return BULLET
        number = self._items[parent] = self._items.get(parent, _first_number(parent) - 1) + 1
        return f"{number}. "

    def _close_heading(self, name: str, start: int) -> None:
        self.layout.line()
        self.headings.append(Heading(name, start, self.layout.here()))


def _has_cell_before(element: etree._Element, cells: frozenset[str]) -> bool:
    return any(local_name(sibling) in cells for sibling in element.itersiblings(preceding=True))


def _first_number(ordered: etree._Element) -> int:
    start = ordered.get("start") or ""
    return int(start) if start.isdecimal() and len(start) < 5 else 1
