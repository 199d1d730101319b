"""The R4 element table: which elements a type has, in which order, how often and of which type.

Source: HL7 FHIR R4 4.0.1 StructureDefinitions, ValueSets and CodeSystems (CC0), by ``tools/build_r4_elements.py``.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

RESOURCE = "Resource"
XHTML = "xhtml"


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a type. ``group`` is the stem of a choice (``value`` for ``valueString``) or empty; ``codes`` None when open.

    ``path_name`` is the name that FHIRPath uses: a choice goes by its stem. ``is_primitive``: its type is a primitive (lower case in FHIR), which JSON splits
    into a value and a ``_`` sibling."""

    name: str
    type: str
    position: int
    repeats: bool
    is_attribute: bool
    is_required: bool
    group: str
    codes: frozenset[str] | None
    path_name: str = field(init=False)
    is_primitive: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path_name", self.group or self.name)
        object.__setattr__(self, "is_primitive", self.type[0].islower() and self.type != XHTML)


@dataclass(frozen=True, slots=True)
class TypeDefinition:
    """A type's elements by name, in the order that XML demands. ``required`` holds, per required element, the names that satisfy it."""

    name: str
    elements: Mapping[str, Element]
    required: tuple[tuple[str, ...], ...] = field(default=())
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ElementTable:
    """All types of R4 and the names of its resources."""

    version: str
    resources: frozenset[str]
    types: Mapping[str, TypeDefinition]


@cache
def r4_elements() -> ElementTable:
    """The table as shipped; read once, about 0.1 s."""
    raw = json.loads(gzip.decompress((files("fhir_coder.fhir") / "r4_elements.json.gz").read_bytes()))
    enums = [frozenset(codes) for codes in raw["enums"]]
    types = {name: _type(name, rows, enums) for name, rows in raw["types"].items()}
    return ElementTable(raw["version"], frozenset(raw["resources"]), types)


@cache
def element_names() -> frozenset[str]:
    """The names of all elements of all types."""
    return frozenset(name for definition in r4_elements().types.values() for name in definition.elements)


def _type(name: str, rows: list[list[Any]], enums: list[frozenset[str]]) -> TypeDefinition:
    elements = {row[0]: _element(position, row, enums) for position, row in enumerate(rows)}
    choices: dict[str, tuple[str, ...]] = {}
    for element in elements.values():
        if element.group:
            choices[element.group] = (*choices.get(element.group, ()), element.name)
    required = [element for element in elements.values() if element.is_required]
    satisfied_by = dict.fromkeys(choices[element.group] if element.group else (element.name,) for element in required)
    return TypeDefinition(name, elements, tuple(satisfied_by), choices)


def _element(position: int, row: list[Any], enums: list[frozenset[str]]) -> Element:
    name, kind, flags, least, group, enum = row
    return Element(name, kind, position, "*" in flags, "@" in flags, least > 0, group, enums[enum] if enum >= 0 else None)
