"""Is this dict an R4 resource? Types, cardinality, choices, required elements and enumerated codes, by the element table.

JSON form as in http://hl7.org/fhir/R4/json.html: no nulls outside primitive arrays, nothing empty, ``_name`` beside primitives only.
Invariants (FHIRPath constraints) and profiles are not checked here.
"""

from __future__ import annotations

from typing import Any

from fhir_coder.fhir.elements import RESOURCE, XHTML, Element, ElementTable, TypeDefinition
from fhir_coder.fhir.faults import child_path, content_fault, structure_fault
from fhir_coder.fhir.narrative import parse_narrative
from fhir_coder.fhir.primitives import PRIMITIVES, has_json_type


def check_resource(value: Any, table: ElementTable, path: str = "") -> None:
    """Raises UnreadableBody (form) or InvalidContent (value) with the FHIRPath of the first fault."""
    if not isinstance(value, dict):
        raise structure_fault("a resource is a JSON object", path)
    name = value.get("resourceType")
    if not isinstance(name, str):
        raise structure_fault("resourceType is missing or not a string", path)
    if name not in table.resources:
        raise content_fault("resourceType is not a resource of FHIR R4", path)
    rest = {key: item for key, item in value.items() if key != "resourceType"}
    _check_properties(rest, table.types[name], table, path or name)


def _check_object(value: Any, type_name: str, table: ElementTable, path: str) -> None:
    if not isinstance(value, dict):
        raise structure_fault("expected a JSON object", path)
    if not value:
        raise structure_fault("an object is empty", path)
    _check_properties(value, table.types[type_name], table, path)


def _check_properties(value: dict[str, Any], definition: TypeDefinition, table: ElementTable, path: str) -> None:
    chosen: dict[str, set[str]] = {}
    for key, item in value.items():
        element = definition.elements.get(key)
        if element is None:
            element = _beside(key, definition, path)
            _check_sibling(item, value.get(element.name), element, table, f"{path}.{element.path_name}")
        elif element.is_primitive:
            _check_primitives(item, value.get(f"_{key}"), element, f"{path}.{element.path_name}")
        else:
            _check_complex(item, element, table, f"{path}.{element.path_name}")
        if element.group:
            chosen.setdefault(element.group, set()).add(element.name)
    _check_required(value, definition, path)
    for group, names in chosen.items():
        if len(names) > 1:
            raise content_fault("only one type of this element may be given", f"{path}.{group}")


def _beside(key: str, definition: TypeDefinition, path: str) -> Element:
    """The element that a property is the ``_`` sibling of: a primitive that can have children in XML."""
    element = definition.elements.get(key[1:]) if key.startswith("_") else None
    if element is None or not element.is_primitive or element.is_attribute or element.name == "id":
        raise structure_fault("no such element here in FHIR R4", child_path(path, key))
    return element


def _items(value: Any, element: Element, path: str) -> list[tuple[str, Any]]:
    """The values of an element with their paths: one, or those of a JSON array where the element repeats."""
    if not element.repeats:
        if isinstance(value, list):
            raise structure_fault("an array stands where one value is expected", path)
        return [(path, value)]
    if not isinstance(value, list):
        raise structure_fault("expected a JSON array", path)
    if not value:
        raise structure_fault("an array is empty", path)
    return [(f"{path}[{index}]", item) for index, item in enumerate(value)]


def _check_complex(value: Any, element: Element, table: ElementTable, path: str) -> None:
    for place, item in _items(value, element, path):
        if item is None:
            raise structure_fault("null is not allowed", place)
        if element.type == RESOURCE:
            check_resource(item, table, place)
        elif element.type == XHTML:
            _check_xhtml(item, place)
        else:
            _check_object(item, element.type, table, place)


def _check_xhtml(value: Any, path: str) -> None:
    if not isinstance(value, str):
        raise structure_fault("expected a string", path)
    parse_narrative(value, path)


def _check_primitives(value: Any, sibling: Any, element: Element, path: str) -> None:
    if isinstance(value, str) and not element.repeats:  # most are
        _check_primitive(value, element, path)
        return
    siblings = sibling if isinstance(sibling, list) else []
    if element.repeats and siblings and isinstance(value, list) and len(siblings) != len(value):
        raise structure_fault("the array and its _ sibling differ in length", path)
    for index, (place, item) in enumerate(_items(value, element, path)):
        if item is not None:
            _check_primitive(item, element, place)
        elif not (element.repeats and index < len(siblings) and siblings[index] is not None):
            raise structure_fault("null is not allowed", place)


def _check_primitive(value: Any, element: Element, path: str) -> None:
    primitive = PRIMITIVES[element.type]
    if not has_json_type(primitive, value):
        raise structure_fault(f"the JSON type is not that of {element.type}", path)
    if not primitive.allows(value):
        raise content_fault(f"not a valid {element.type}", path)
    if element.codes is not None and value not in element.codes:
        raise content_fault("not one of the codes that FHIR R4 allows here", path)


def _check_sibling(value: Any, primary: Any, element: Element, table: ElementTable, path: str) -> None:
    """The ``_name`` of a primitive: id and extensions, with null where an array has none at that place."""
    values = primary if isinstance(primary, list) else []
    for index, (place, item) in enumerate(_items(value, element, path)):
        if item is not None:
            _check_object(item, "Element", table, place)
        elif not (element.repeats and index < len(values) and values[index] is not None):
            raise structure_fault("null is not allowed", place)


def _check_required(value: dict[str, Any], definition: TypeDefinition, path: str) -> None:
    for names in definition.required:
        if names[0] not in value and not any(name in value or f"_{name}" in value for name in names):
            raise content_fault("a required element is missing", f"{path}.{definition.elements[names[0]].path_name}")
