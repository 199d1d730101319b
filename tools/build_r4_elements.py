"""Derive fhir_coder/fhir/r4_elements.json.gz from HL7's own FHIR R4 (4.0.1) definitions (CC0).

    npm pack hl7.fhir.r4.examples@4.0.1 && tar xzf hl7.fhir.r4.examples-4.0.1.tgz
    python tools/build_r4_elements.py package fhir_coder/fhir/r4_elements.json.gz

StructureDefinition snapshots give names, order, cardinality and types; required bindings on codes are expanded from the ValueSets and
CodeSystems beside them (value sets over code systems that HL7 does not enumerate there, such as MIME types, stay open). The output is the same
bytes every time.

Form: ``{"version", "resources": [name], "enums": [[code]], "types": {type: [[name, type, flags, min, group, enum]]}}`` where flags is a
string of ``*`` (repeats) and ``@`` (an XML attribute), group the stem of a choice ("value") or empty, enum an index or -1.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

STRUCTURE_KINDS = {"complex-type", "resource"}

Json = dict[str, Any]
Row = list[Any]


def read_all(folder: Path, kind: str) -> list[Json]:
    """Every definition of one resource type in the package, by file name."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob(f"{kind}-*.json"))]


def structures(folder: Path) -> dict[str, Json]:
    """Every type and resource that is not a profile of another, by name."""
    found = read_all(folder, "StructureDefinition")
    return {one["name"]: one for one in found if one["kind"] in STRUCTURE_KINDS and one.get("derivation") != "constraint"}


class CodeLists:
    """Value sets expanded to codes; equal lists are stored once."""

    def __init__(self, folder: Path) -> None:
        self.lists: list[list[str]] = []
        self._value_sets = {one["url"]: one for one in read_all(folder, "ValueSet")}
        self._systems = {one["url"]: one for one in read_all(folder, "CodeSystem")}

    def index(self, binding: Json | None) -> int:
        """Place of the codes that a required binding allows; -1 when it leaves them open."""
        if not binding or binding["strength"] != "required":
            return -1
        codes = self._expand(binding["valueSet"].split("|")[0])
        if codes is None:
            return -1
        if codes not in self.lists:
            self.lists.append(codes)
        return self.lists.index(codes)

    def _expand(self, url: str) -> list[str] | None:
        codes: set[str] = set()
        for include in self._value_sets[url]["compose"]["include"]:
            part = self._included(include)
            if part is None:
                return None
            codes.update(part)
        return sorted(codes)

    def _included(self, include: Json) -> list[str] | None:
        if "concept" in include:
            return [concept["code"] for concept in include["concept"]]
        system = self._systems.get(include.get("system", ""))
        if system is None or system["content"] != "complete" or "filter" in include or "valueSet" in include:
            return None
        return list(system_codes(system.get("concept", [])))


def system_codes(concepts: list[Json]) -> Iterator[str]:
    """The codes of a code system, with those below them."""
    for concept in concepts:
        yield concept["code"]
        yield from system_codes(concept.get("concept", []))


def type_code(kind: Json, element: Json) -> str:
    """FHIR type name; FHIRPath's System.String stands for the id of a resource, the id of an element, or a URL."""
    if not kind["code"].startswith("http"):
        return kind["code"]
    if element["base"]["path"] == "Resource.id":
        return "id"
    return "uri" if element["path"].endswith(".url") else "string"


def rows(element: Json, parents: set[str], lists: CodeLists) -> Iterator[Row]:
    """The table rows of one element: one for each type of a choice."""
    name = element["path"].rpartition(".")[2]
    flags = ("*" if element["max"] != "1" else "") + ("@" if "xmlAttr" in element.get("representation", ()) else "")
    if "contentReference" in element:
        yield [name, element["contentReference"].split("#")[1], flags, element["min"], "", -1]
    elif element["path"] in parents:
        yield [name, element["path"], flags, element["min"], "", -1]
    elif name.endswith("[x]"):
        stem = name[:-3]
        for code in sorted(type_code(kind, element) for kind in element["type"]):
            yield [stem + code[0].upper() + code[1:], code, flags, element["min"], stem, -1]
    else:
        code = type_code(element["type"][0], element)
        yield [name, code, flags, element["min"], "", lists.index(element.get("binding")) if code == "code" else -1]


def table(folder: Path) -> Json:
    """The whole element table."""
    lists, types, resources = CodeLists(folder), dict[str, list[Row]](), []
    for name, definition in sorted(structures(folder).items()):
        elements = [one for one in definition["snapshot"]["element"][1:] if one["max"] != "0" and ":" not in one["id"]]
        parents = {one["path"].rpartition(".")[0] for one in elements}
        if definition["kind"] == "resource" and not definition["abstract"]:
            resources.append(name)
        types[name] = []
        for element in elements:
            types.setdefault(element["path"].rpartition(".")[0], []).extend(rows(element, parents, lists))
    return {"version": "4.0.1", "resources": resources, "enums": lists.lists, "types": types}


def main(source: str, target: str) -> None:
    """Write the table, the same bytes every time."""
    text = json.dumps(table(Path(source)), separators=(",", ":"))
    Path(target).write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main(*sys.argv[1:])
