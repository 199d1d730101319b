"""The official tabular list as parsed from its XML: chapters, sections, and the tree of codes with their notes.

Notes on chapters and sections apply to everything below them. A ``<note>`` inside ``sevenChrDef`` is an inclusion term of the extension
before it, never part of a title. Sections without codes are umbrella headings over other sections.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from lxml import etree

from terminology.notation import CODE

_BLANKS = re.compile(r"\s+")


class TabularError(ValueError):
    """The file is not a well-formed ICD-10-CM tabular list."""


class NoteKind(StrEnum):
    """The instructional notes of the tabular list (Official Guidelines, Section I.A)."""

    INCLUSION_TERM = "inclusionTerm"
    INCLUDES = "includes"
    EXCLUDES1 = "excludes1"
    EXCLUDES2 = "excludes2"
    CODE_FIRST = "codeFirst"
    USE_ADDITIONAL = "useAdditionalCode"
    CODE_ALSO = "codeAlso"
    NOTE = "notes"
    SEVENTH_NOTE = "sevenChrNote"


RawNote = tuple[NoteKind, str]


@dataclass(frozen=True, slots=True)
class Extension:
    """One seventh character: the character, its text, and inclusion terms that stand under it."""

    character: str
    text: str
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TabularCode:
    """One ``diag`` element: the code as printed (dotted), its title, its own notes, seventh characters and children."""

    code: str
    title: str
    notes: tuple[RawNote, ...]
    extensions: tuple[Extension, ...]
    children: tuple[TabularCode, ...]


@dataclass(frozen=True, slots=True)
class TabularSection:
    """A block of categories, such as ``I10-I1A``; ``id`` may equal a category code (B20, C50, Z68)."""

    id: str
    title: str
    notes: tuple[RawNote, ...]
    codes: tuple[TabularCode, ...]


@dataclass(frozen=True, slots=True)
class TabularChapter:
    """A chapter with its number, title, notes and sections."""

    number: int
    title: str
    notes: tuple[RawNote, ...]
    sections: tuple[TabularSection, ...]


@dataclass(frozen=True, slots=True)
class TabularList:
    """The whole list; ``version`` is the year printed in the file."""

    version: str
    chapters: tuple[TabularChapter, ...]


def parse_tabular(data: bytes) -> TabularList:
    """Parse the official XML. Entities are not resolved, nothing is fetched, a DOCTYPE is refused. Raises TabularError."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise TabularError(f"the tabular file is not well-formed XML (line {error.lineno})") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise TabularError("the tabular file has a DOCTYPE")
    if root.tag != "ICD10CM.tabular":
        raise TabularError("the file is not an ICD-10-CM tabular list")
    chapters = tuple(_chapter(element) for element in root.findall("chapter"))
    if not chapters:
        raise TabularError("the tabular list has no chapters")
    return TabularList(_text(root.find("version")), chapters)


def _chapter(element: etree._Element) -> TabularChapter:
    sections = tuple(_section(child) for child in element.findall("section"))
    number = _text(element.find("name"))
    if not number.isdecimal():
        raise TabularError(f"a chapter has no number (line {element.sourceline})")
    return TabularChapter(int(number), _text(element.find("desc")), _notes(element), sections)


def _section(element: etree._Element) -> TabularSection:
    codes = tuple(_code(child) for child in element.findall("diag"))
    return TabularSection(element.get("id", ""), _text(element.find("desc")), _notes(element), codes)


def _code(element: etree._Element) -> TabularCode:
    code = _text(element.find("name"))
    if not CODE.fullmatch(code):
        raise TabularError(f"a diag has no ICD-10-CM code for its name (line {element.sourceline})")
    return TabularCode(
        code=code,
        title=_text(element.find("desc")),
        notes=_notes(element),
        extensions=_extensions(element.find("sevenChrDef")),
        children=tuple(_code(child) for child in element.findall("diag")),
    )


def _notes(element: etree._Element) -> tuple[RawNote, ...]:
    """Every note of one element, in the order printed; an element can have several containers of a kind, and a container can be empty."""
    kinds = {kind.value: kind for kind in NoteKind}
    found = [(kinds[child.tag], _text(note)) for child in element if child.tag in kinds for note in child.findall("note")]
    table = element.find("visualImpairment")
    if table is not None:
        found += [(NoteKind.NOTE, _text(row)) for row in table.findall("visCategory")]
    return tuple((kind, text) for kind, text in found if text)


def _extensions(element: etree._Element | None) -> tuple[Extension, ...]:
    if element is None:
        return ()
    found: list[Extension] = []
    for child in element:
        if child.tag == "extension":
            found.append(Extension(child.get("char", ""), _text(child)))
        elif child.tag == "note" and found:
            last = found[-1]
            found[-1] = Extension(last.character, last.text, (*last.terms, _text(child)))
    return tuple(found)


def _text(element: etree._Element | None) -> str:
    """The words of one element with blanks collapsed; empty when there is none."""
    return _BLANKS.sub(" ", "".join(str(part) for part in element.itertext())).strip() if element is not None else ""
