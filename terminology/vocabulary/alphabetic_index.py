"""The official Alphabetic Index, and the Index to External Causes, which has the same shape: main terms and subterms to level 9.

Source: Official Guidelines, Section I.A.1 to I.A.17 (conventions) and I.B.1 (locate in the Index, verify in the Tabular List).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from terminology.vocabulary.index_xml import main_terms, open_table, read_child, read_title


@dataclass(frozen=True, slots=True)
class IndexTerm:
    """A main term or subterm as printed. ``modifiers`` are the nonessential ones; ``see`` and ``see_also`` are comma paths to other terms.

    ``code`` keeps the dash that asks for more characters; ``manifestation`` is the code that follows it in brackets. ``category`` and
    ``subcategory`` are references to places of the tabular list ("see category").
    """

    title: str
    modifiers: tuple[str, ...] = ()
    see: str = ""
    see_also: str = ""
    code: str = ""
    manifestation: str = ""
    category: str = ""
    subcategory: str = ""
    terms: tuple[IndexTerm, ...] = ()


@dataclass(frozen=True, slots=True)
class AlphabeticIndex:
    """A whole index, main terms in the order printed; ``version`` is the year printed in the file."""

    version: str
    terms: tuple[IndexTerm, ...]

    def paths(self) -> Iterator[tuple[IndexTerm, ...]]:
        """Every term with all terms above it, main term first, in the order printed."""
        for term in self.terms:
            yield from _paths((term,))


def parse_alphabetic_index(data: bytes) -> AlphabeticIndex:
    """Parse the official XML of the Alphabetic Index or of the Index to External Causes. Raises IndexTableError."""
    root = open_table(data)
    return AlphabeticIndex(read_child(root, "version"), tuple(_term(element) for element in main_terms(root)))


def _term(element: etree._Element) -> IndexTerm:
    title, modifiers = read_title(element)
    return IndexTerm(
        title=title,
        modifiers=modifiers,
        see=read_child(element, "see"),
        see_also=read_child(element, "seeAlso"),
        code=read_child(element, "code"),
        manifestation=read_child(element, "manif"),
        category=read_child(element, "seecat"),
        subcategory=read_child(element, "subcat"),
        terms=tuple(_term(child) for child in element.findall("term")),
    )


def _paths(path: tuple[IndexTerm, ...]) -> Iterator[tuple[IndexTerm, ...]]:
    yield path
    for child in path[-1].terms:
        yield from _paths((*path, child))
