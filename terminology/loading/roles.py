"""Which official file is which: by root element, headings and the shape of rows. Publishers name one and the same file in many ways."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from lxml import etree

from terminology.loading.archive import SourceFile
from terminology.loading.failure import LoadError
from terminology.loading.safe_xml import parse_safely

_SCHEMA_ROOT = "{http://www.w3.org/2001/XMLSchema}schema"
_ORDER_ROW = re.compile(rb"\d{5} [A-Z][0-9A-Z]{2,6} +[01] \S.{59} \S")


class Role(StrEnum):
    """What a file is to a release, in words for people."""

    TABULAR = "tabular list"
    ORDER = "order file"
    INDEX = "alphabetic index"
    EXTERNAL = "external cause index"
    NEOPLASM = "neoplasm table"
    DRUG = "drug table"
    SCHEMA = "schema"


TABLES = {Role.INDEX: "index", Role.EXTERNAL: "external", Role.NEOPLASM: "neoplasm", Role.DRUG: "drug"}
"""The tables that vocabulary is compiled from, by the names they go under there."""


@dataclass(frozen=True, slots=True)
class OfficialFiles:
    """One file for each role, any number of schemas, and the names of those that are none of it."""

    by_role: dict[Role, SourceFile]
    schemas: tuple[SourceFile, ...]
    ignored: tuple[str, ...]
    roots: dict[str, etree._Element] = field(repr=False)
    """Every parsed XML file with a role, by file name."""


def sort_files(sources: Iterable[SourceFile]) -> OfficialFiles:
    """Tell every file's role. Raises LoadError when two files claim one role with different content, or an XML file is not safe."""
    by_role: dict[Role, SourceFile] = {}
    schemas: list[SourceFile] = []
    ignored: list[str] = []
    roots: dict[str, etree._Element] = {}
    for source in sources:
        role, root = _role_of(source)
        if role is None:
            ignored.append(source.name)
        elif role is Role.SCHEMA:
            schemas.append(source)
        elif role in by_role and by_role[role].data != source.data:
            raise LoadError(f"two files are the {role.value}: {by_role[role].name} and {source.name}; give the files of one release")
        elif role not in by_role:
            by_role[role] = source
            if root is not None:
                roots[source.name] = root
    return OfficialFiles(by_role, tuple(schemas), tuple(ignored), roots)


def _role_of(source: SourceFile) -> tuple[Role | None, etree._Element | None]:
    suffix = source.name.rsplit(".", 1)[-1].lower()
    if suffix == "txt":
        return (Role.ORDER if _ORDER_ROW.match(source.data.removeprefix(b"\xef\xbb\xbf")) else None), None
    if suffix not in {"xml", "xsd"}:
        return None, None
    root = parse_safely(source.name, source.data)
    if root.tag == _SCHEMA_ROOT:
        return Role.SCHEMA, None
    if root.tag == "ICD10CM.tabular":
        return Role.TABULAR, root
    if root.tag == "ICD10CM.index":
        return _index_role(root), root
    return None, None


def _index_role(root: etree._Element) -> Role:
    """Which of the four that share a root element: tables have headed columns, the external cause index says so in its title."""
    heads = " ".join(_texts(root.iterfind("indexHeading/head"))).lower()
    if heads:
        return Role.NEOPLASM if "neoplasm" in heads or "malignant" in heads else Role.DRUG
    title = " ".join(_texts(root.iterfind("title"))).lower()
    return Role.EXTERNAL if "external" in title or _leads_to_external_causes(root) else Role.INDEX


def _leads_to_external_causes(root: etree._Element) -> bool:
    """Whether most of the first codes are external causes (V00-Y99): some editions leave the title out."""
    codes = [code.text or "" for code, _ in zip(root.iter("code"), range(50), strict=False)]
    return sum(code[:1] in "VWXY" and code != "" for code in codes) > len(codes) / 2


def _texts(elements: Iterable[etree._Element]) -> Iterator[str]:
    return ("".join(str(part) for part in element.itertext()) for element in elements)
