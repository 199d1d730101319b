"""A resource as the values at its leaves, the same from JSON and from XML: what shows that two formats say the same."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

Leaf = tuple[str, str]
"""Path without places in lists, and the value as it is spelled: 0.90 is not 0.9."""
FHIR, XHTML = "{http://hl7.org/fhir}", "{http://www.w3.org/1999/xhtml}"


class Spelled(str):
    """A number as the text spells it."""


def read_json(text: bytes) -> Any:
    """JSON whose numbers keep their spelling. Raises ValueError."""
    return json.loads(text, parse_float=Spelled, parse_int=Spelled)


def leaves_of_json(resource: Any) -> Counter[Leaf]:
    """Of a resource read by :func:`read_json`; narrative is left out."""
    return Counter(_of_json(resource, ""))


def leaves_of_xml(text: bytes) -> Counter[Leaf]:
    """Of a resource in XML; narrative is left out. Raises ElementTree.ParseError."""
    return Counter(_of_xml(ET.fromstring(text), ""))  # noqa: S314 - an answer of the server that is tried


def root_of_xml(text: bytes) -> str:
    """The name of the root element, with its namespace in braces. Raises ElementTree.ParseError."""
    return ET.fromstring(text).tag  # noqa: S314 - an answer of the server that is tried


def _of_json(value: Any, path: str) -> Iterator[Leaf]:
    if isinstance(value, dict):
        here = f"{path}/{value['resourceType']}" if "resourceType" in value else path
        for name, one in value.items():
            if name not in {"resourceType", "div"}:
                yield from _of_json(one, f"{here}/{name.removeprefix('_')}")
    elif isinstance(value, list):
        for one in value:
            yield from _of_json(one, path)
    elif value is not None:
        yield path, str(value).lower() if isinstance(value, bool) else str(value)


def _of_xml(element: ET.Element, path: str) -> Iterator[Leaf]:
    if element.tag.startswith(XHTML):
        return
    here = f"{path}/{element.tag.removeprefix(FHIR)}"
    for name, value in element.attrib.items():
        yield here if name == "value" else f"{here}/{name}", value
    for child in element:
        yield from _of_xml(child, here)
