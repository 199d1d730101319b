"""The XHTML of a Narrative: well formed, in its namespace, and free of active content.

R4 invariant txt-1 (http://hl7.org/fhir/R4/narrative.html): no head, body, external style sheets, scripts, forms, base, link, frames, objects
or event attributes.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from fhir_coder.fhir.faults import content_fault

XHTML_NAMESPACE = "http://www.w3.org/1999/xhtml"
_FORBIDDEN = frozenset(
    [
        "head",
        "body",
        "script",
        "style",
        "form",
        "input",
        "button",
        "select",
        "textarea",
        "base",
        "link",
        "frame",
        "frameset",
        "iframe",
        "object",
        "embed",
        "applet",
        "meta",
    ]
)
_URL_ATTRIBUTES = frozenset({"href", "src"})


def parse_narrative(text: str, path: str = "") -> etree._Element:
    """The ``div`` element of a narrative; raises InvalidContent naming the path."""
    if "<!DOCTYPE" in text:
        raise content_fault("the narrative declares a document type", path)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, remove_comments=False)
    try:
        div = etree.fromstring(text.encode("utf-8"), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise content_fault("the narrative is not well-formed XHTML", path) from None
    check_narrative(div, path)
    return div


def check_narrative(div: etree._Element, path: str) -> None:
    """Refuse a wrong root and active content."""
    if div.tag != f"{{{XHTML_NAMESPACE}}}div":
        raise content_fault("the narrative is not a div in the XHTML namespace", path)
    if any(_is_active(node) for node in div.iter(etree.Element)):
        raise content_fault("the narrative holds active content", path)


def narrative_text(div: etree._Element, path: str = "") -> str:
    """The div of a larger tree as FHIR JSON carries it; raises as :func:`parse_narrative`."""
    lone = parse_narrative(etree.tostring(div, with_tail=False, encoding="unicode"), path)
    etree.cleanup_namespaces(lone)
    return etree.tostring(lone, encoding="unicode")


def _is_active(node: etree._Element) -> bool:
    return etree.QName(node).localname.lower() in _FORBIDDEN or any(_active_attributes(node))


def _active_attributes(node: etree._Element) -> Iterator[bool]:
    for name, value in node.attrib.items():
        local = etree.QName(name).localname.lower()
        yield local.startswith("on")
        yield local in _URL_ATTRIBUTES and "".join(str(value).split()).lower().startswith(("javascript:", "vbscript:"))
