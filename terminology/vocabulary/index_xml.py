"""The XML that all official index tables share: safe reading, titles with their nonessential modifiers, text with stray blanks removed."""

from __future__ import annotations

import re

from lxml import etree

_ROOT = "ICD10CM.index"
#: Characters; the longest official title has some 300.
_LONGEST_TITLE = 1000
_BLANKS = re.compile(r"\s+")
_GROUP = re.compile(r"\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
_PLURAL_ONLY = re.compile(r"^\((?:e?s|ies)\)\s*")
_PLURAL = re.compile(r"(?<=\w)\((?:e?s|ies)\)")


class IndexTableError(ValueError):
    """The file is not a well-formed official index or table."""


def open_table(data: bytes) -> etree._Element:
    """The root of an official table. Entities are not resolved, nothing is fetched, a DOCTYPE is refused, as is a list of changes
    (addenda), which is no whole table. Raises IndexTableError.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise IndexTableError(f"the index file is not well-formed XML (line {error.lineno})") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise IndexTableError("the index file has a DOCTYPE")
    if root.tag != _ROOT:
        raise IndexTableError("the file is not an ICD-10-CM index or table")
    if root.get("isAddenda") == "true":
        raise IndexTableError("the file is an addenda, a list of changes, and not a whole index")
    return root


def main_terms(root: etree._Element) -> list[etree._Element]:
    """Every main term, letter by letter; IndexTableError when there is none."""
    found = root.findall("letter/mainTerm")
    if not found:
        raise IndexTableError("the index has no main terms")
    return found


def read_text(element: etree._Element | None) -> str:
    """The words of one element with blanks collapsed; empty when there is none."""
    return _collapse("".join(str(part) for part in element.itertext())) if element is not None else ""


def read_child(element: etree._Element, tag: str) -> str:
    """The words of the first child of that name, empty when there is none."""
    return read_text(element.find(tag))


def read_title(element: etree._Element) -> tuple[str, tuple[str, ...]]:
    """The title of a term without its nonessential modifiers, and these one by one, parentheses removed (Official Guidelines, I.A.7).

    Text can follow the modifiers (``Antimony <nemod>(compounds) (vapor)</nemod> NEC``) and stand between them inside the element
    (``cystic <nemod>(bile) duct (common)</nemod>``): both are of the title. A parenthesised plural ending is no modifier.
    Raises IndexTableError when the term has no title.
    """
    title = element.find("title")
    if title is None:
        raise IndexTableError(f"a term has no title (line {element.sourceline})")
    words, modifiers = [title.text or ""], []
    for child in title:
        if child.tag == "nemod":
            written = _PLURAL_ONLY.sub("", read_text(child))
            modifiers += [_collapse(group) for group in _GROUP.findall(written)]
            words.append(_GROUP.sub(" ", written))
        words.append(child.tail or "")
    name = _collapse(" ".join(words)).strip(" ,")
    if not name:
        name, modifiers = read_text(title), []
    if not name or len(name) > _LONGEST_TITLE:
        raise IndexTableError(f"a term has {'too long a' if name else 'an empty'} title (line {element.sourceline})")
    return _PLURAL.sub("", name), tuple(modifier for modifier in modifiers if modifier)


def _collapse(text: str) -> str:
    return _BLANKS.sub(" ", text).strip()
