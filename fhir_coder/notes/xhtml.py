"""XHTML notes, whole documents and the ``div`` of a FHIR narrative: parsed as XML when well-formed, else as HTML.

The XML way matters for elements that are closed in themselves: an HTML parser takes everything behind ``<title/>`` for the title. A DOCTYPE is
passed over without being loaded; the character entities of HTML (``&nbsp;``, ``&eacute;``) are known without it; a DOCTYPE that declares
entities of its own is refused (https://www.w3.org/TR/xhtml1/; http://hl7.org/fhir/R4/narrative.html).
"""

from __future__ import annotations

import re
from html.entities import html5

from lxml import etree

from fhir_coder.notes import html
from fhir_coder.notes.canonical import NoteText, Unreadable, canonical
from fhir_coder.notes.html import decode_markup, lay_out_page

CONTENT_TYPES = frozenset({"application/xhtml+xml", "application/xhtml"})

_DOCTYPE = re.compile(r"\s*(?:<\?xml[^>]*\?>|<!--.*?-->|\s)*<!doctype(?P<declaration>[^>\[]*)(?P<end>[>\[])", re.IGNORECASE | re.DOTALL)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31};)")
_OF_XML = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})


def read(data: bytes, charset: str) -> NoteText:
    """Read an XHTML note.

    Raises:
        Unreadable: ``empty``, ``undecodable``, ``too-long``, or ``malformed`` when too deep, or when it declares entities.
    """
    decoded = decode_markup(data, charset)
    warnings = (decoded.warning,) if decoded.warning else ()
    root = _parse(_without_doctype(canonical(decoded.text)))
    if root is None:
        note = html.read(data, charset)
        return NoteText(note.text, note.hints, (*note.warnings, "not well-formed XHTML; read as HTML"))
    return lay_out_page(root, warnings)


def _without_doctype(markup: str) -> str:
    doctype = _DOCTYPE.match(markup)
    if doctype is None:
        return markup
    if doctype["end"] == "[":
        raise Unreadable("malformed", "a DOCTYPE with declarations is not accepted")
    return markup[doctype.end() :]


def _parse(markup: str) -> etree._Element | None:
    markup = _ENTITY.sub(_as_number, _DECLARATION.sub("", markup)).strip()
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(markup.encode("utf-8"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _as_number(entity: re.Match[str]) -> str:
    """A character entity of HTML as character references; those of XML and unknown ones as they are."""
    name = entity[1]
    if name in _OF_XML or name not in html5:
        return entity[0]
    return "".join(f"&#{ord(character)};" for character in html5[name])
