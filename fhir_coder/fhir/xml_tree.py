"""FHIR XML (http://hl7.org/fhir/R4/xml.html) to the JSON form, driven by the element table.

No document types, hence no entities; FHIR namespace only; elements in their order. What the values mean is checked afterwards, on the JSON
form, by :mod:`fhir_coder.fhir.structure`.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from fhir_coder.errors import UnreadableBody
from fhir_coder.fhir.elements import RESOURCE, XHTML, Element, ElementTable, TypeDefinition
from fhir_coder.fhir.faults import child_path, content_fault, structure_fault
from fhir_coder.fhir.json_text import decode_utf8
from fhir_coder.fhir.limits import Limits
from fhir_coder.fhir.narrative import narrative_text
from fhir_coder.fhir.primitives import PRIMITIVES

FHIR_NAMESPACE = "http://hl7.org/fhir"
_SCHEMA_LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
_DECLARATION = re.compile(r"\s*<\?xml\s[^>]*?encoding\s*=\s*[\"']([^\"']*)[\"'][^>]*\?>")


def parse_xml(data: bytes, limits: Limits, table: ElementTable) -> dict[str, Any]:
    """Raises UnreadableBody (not FHIR XML) or InvalidContent (a value that cannot be read)."""
    root = _root(data)
    return _Conversion(table, limits.max_depth).resource(root, "", 1)


def _root(data: bytes) -> etree._Element:
    text = decode_utf8(data)
    declared = _DECLARATION.match(text)
    if declared and declared.group(1).lower() not in {"utf-8", "utf8", "us-ascii"}:
        raise UnreadableBody("the XML declares an encoding other than UTF-8")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise UnreadableBody("the XML declares a document type or an entity")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=len(data) > 9_000_000, remove_pis=True)
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        raise UnreadableBody(f"the body is not well-formed XML (line {error.lineno}, column {error.offset})") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnreadableBody("the XML declares a document type or an entity")
    return root


class _Conversion:
    """One walk over one tree; ``max_depth`` bounds the nesting of elements."""

    def __init__(self, table: ElementTable, max_depth: int) -> None:
        self._table = table
        self._max_depth = max_depth

    def resource(self, node: etree._Element, path: str, depth: int) -> dict[str, Any]:
        """A resource from the element named after it."""
        name = _local_name(node, path)
        if name not in self._table.resources:
            raise structure_fault("not a resource of FHIR R4", path)
        place = path or name
        attributes = {key for key in node.attrib if key != _SCHEMA_LOCATION}
        if attributes:
            raise structure_fault("an attribute is not allowed here", place)
        return {"resourceType": name, **self._children(node, self._table.types[name], place, depth)}

    def _children(self, node: etree._Element, definition: TypeDefinition, path: str, depth: int) -> dict[str, Any]:
        if depth > self._max_depth:
            raise UnreadableBody(f"the body is nested deeper than {self._max_depth} levels")
        _refuse_text(node, path)
        grouped: dict[str, list[etree._Element]] = {}
        last = -1
        for child in node.iterchildren(etree.Element):
            element = self._element(child, definition, path)
            if element.position < last or (element.position == last and not element.repeats):
                raise structure_fault("an element is out of order or repeated", f"{path}.{element.path_name}")
            last = element.position
            grouped.setdefault(element.name, []).append(child)
        value: dict[str, Any] = {}
        for name, nodes in grouped.items():
            value.update(self._property(nodes, definition.elements[name], path, depth))
        return value

    def _element(self, child: etree._Element, definition: TypeDefinition, path: str) -> Element:
        qualified = etree.QName(child)
        element = definition.elements.get(qualified.localname)
        if element is None or element.is_attribute:
            raise structure_fault("no such element here in FHIR R4", child_path(path, qualified.localname))
        if element.type != XHTML and qualified.namespace != FHIR_NAMESPACE:
            raise structure_fault("an element is not in the FHIR namespace", child_path(path, qualified.localname))
        return element

    def _property(self, nodes: list[etree._Element], element: Element, path: str, depth: int) -> dict[str, Any]:
        """The JSON property (and ``_`` sibling) of all nodes of one element."""
        place = f"{path}.{element.path_name}"
        places = [f"{place}[{index}]" for index in range(len(nodes))] if element.repeats else [place]
        if element.is_primitive:
            pairs = [self._primitive(node, element, where, depth + 1) for node, where in zip(nodes, places, strict=True)]
            columns = {element.name: [pair[0] for pair in pairs], f"_{element.name}": [pair[1] for pair in pairs]}
            return {name: _shape(values, element) for name, values in columns.items() if any(value is not None for value in values)}
        return {
            element.name: _shape(
                [self._complex(node, element, where, depth + 1) for node, where in zip(nodes, places, strict=True)], element
            )
        }

    def _complex(self, node: etree._Element, element: Element, path: str, depth: int) -> Any:
        if element.type == XHTML:
            return narrative_text(node, path)
        if element.type == RESOURCE:
            return self._contained(node, path, depth)
        definition = self._table.types[element.type]
        value = self._attributes(node, definition, path) | self._children(node, definition, path, depth)
        if not value:
            raise structure_fault("an element is empty", path)
        return value

    def _contained(self, node: etree._Element, path: str, depth: int) -> dict[str, Any]:
        """An element that wraps exactly one resource (``contained``, ``resource``)."""
        inside = list(node.iterchildren(etree.Element))
        if len(inside) != 1 or node.attrib:
            raise structure_fault("expected exactly one resource", path)
        _refuse_text(node, path)
        return self.resource(inside[0], path, depth + 1)

    def _attributes(self, node: etree._Element, definition: TypeDefinition, path: str, *ignored: str) -> dict[str, Any]:
        value = {}
        for name, text in node.attrib.items():
            element = definition.elements.get(str(name))
            if element is not None and element.is_attribute:
                value[element.name] = str(text)
            elif name not in ignored:
                raise structure_fault("an attribute is not allowed here", path)
        return value

    def _primitive(self, node: etree._Element, element: Element, path: str, depth: int) -> tuple[Any, dict[str, Any] | None]:
        """Value and sibling of one primitive; either may be None, not both."""
        definition = self._table.types["Element"]
        sibling = self._attributes(node, definition, path, "value") | self._children(node, definition, path, depth)
        text = node.get("value")
        if text is None and not sibling:
            raise structure_fault("an element is empty", path)
        if "value" not in node.attrib:
            return None, sibling
        try:
            return PRIMITIVES[element.type].from_text(str(text)), sibling or None
        except ValueError:
            raise content_fault(f"not a valid {element.type}", path) from None


def _shape(values: list[Any], element: Element) -> Any:
    return values if element.repeats else values[0]


def _local_name(node: etree._Element, path: str) -> str:
    qualified = etree.QName(node)
    if qualified.namespace != FHIR_NAMESPACE:
        raise structure_fault("an element is not in the FHIR namespace", path)
    return qualified.localname


def _refuse_text(node: etree._Element, path: str) -> None:
    """Values live in attributes; text between elements is a fault, and so is an entity reference."""
    if (node.text or "").strip():
        raise structure_fault("text stands between elements", path)
    for child in node:
        if (child.tail or "").strip() or child.tag is etree.Entity:
            raise structure_fault("text stands between elements", path)
