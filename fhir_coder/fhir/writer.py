"""Resources to bytes: JSON with every decimal as it was, and XML in the order of the element table."""

from __future__ import annotations

import re
from json.encoder import encode_basestring
from typing import Any

from lxml import etree

from fhir_coder.fhir.elements import RESOURCE, XHTML, Element, ElementTable, r4_elements
from fhir_coder.fhir.narrative import parse_narrative
from fhir_coder.fhir.number_text import number_text
from fhir_coder.fhir.xml_tree import FHIR_NAMESPACE

_NAMESPACES: Any = {None: FHIR_NAMESPACE}
# Code points that XML 1.0 cannot carry, not even as references.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_json(resource: dict[str, Any]) -> bytes:
    """FHIR JSON in UTF-8, keys in the order of the dict."""
    return _json(resource).encode("utf-8")


def write_xml(resource: dict[str, Any]) -> bytes:
    """FHIR XML in UTF-8 with declaration. Raises ValueError for a property that R4 does not have there."""
    root = _Tree(r4_elements()).resource(resource, None)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _json(value: Any) -> str:
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict):
        return f"{{{','.join([f'{encode_basestring(key)}:{_json(item)}' for key, item in value.items()])}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join([_json(item) for item in value])}]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_text(value)


class _Tree:
    """Builds the XML of one resource."""

    def __init__(self, table: ElementTable) -> None:
        self._table = table

    def resource(self, resource: dict[str, Any], parent: etree._Element | None) -> etree._Element:
        """The element named after a resource, below ``parent`` when there is one."""
        name = resource["resourceType"]
        tag = f"{{{FHIR_NAMESPACE}}}{name}"
        node = etree.Element(tag, nsmap=_NAMESPACES) if parent is None else etree.SubElement(parent, tag)
        self._fill(node, {key: value for key, value in resource.items() if key != "resourceType"}, name)
        return node

    def _fill(self, node: etree._Element, value: dict[str, Any], type_name: str) -> None:
        """Every element of a type that the object has, in the table's order."""
        elements = self._table.types[type_name].elements
        unknown = [key for key in value if key.removeprefix("_") not in elements]
        if unknown:
            raise ValueError(f"{type_name} has {len(unknown)} properties that R4 does not know")
        for element in elements.values():
            if element.is_attribute:
                if element.name in value:
                    node.set(element.name, _attribute(value[element.name]))
            elif element.name in value or f"_{element.name}" in value:
                self._append(node, element, value)

    def _append(self, node: etree._Element, element: Element, value: dict[str, Any]) -> None:
        values, siblings = _list(value.get(element.name)), _list(value.get(f"_{element.name}"))
        for index in range(max(len(values), len(siblings))):
            item: Any = values[index] if index < len(values) else None
            if element.type == XHTML:
                node.append(parse_narrative(item))
                continue
            child = etree.SubElement(node, f"{{{FHIR_NAMESPACE}}}{element.name}")
            if element.is_primitive:
                self._primitive(child, item, siblings[index] if index < len(siblings) else None)
            elif element.type == RESOURCE:
                self.resource(item, child)
            else:
                self._fill(child, item, element.type)

    def _primitive(self, node: etree._Element, value: Any, sibling: dict[str, Any] | None) -> None:
        if sibling:
            self._fill(node, sibling, "Element")
        if value is not None:
            node.set("value", _attribute(value))


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _attribute(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _NOT_XML.sub("\ufffd", value)
    return number_text(value)
