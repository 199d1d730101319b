"""C-CDA notes: the narrative of every section, with the section's title and LOINC code as a hint.

Only the attested narrative (``section/text``) is read: the coded entries repeat it and may say more than the clinician signed
(CDA R2, section 4.3.5, "the narrative block ... is what must be rendered"). Deleted content (``content revised="delete"``) is not text.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace

from lxml import etree

from fhir_coder.model import SectionHint, SecurityLabel
from fhir_coder.notes.canonical import MAX_BYTES, LabelledPart, NoteText, Unreadable, require_words
from fhir_coder.notes.formats import read_note
from fhir_coder.notes.layout import Layout
from fhir_coder.notes.markup import MAX_DEPTH, Vocabulary, lay_out, local_name

CONTENT_TYPES = frozenset({"application/xml", "text/xml", "application/hl7-v3+xml", "application/cda+xml", "application/hl7-cda+xml"})

_NAMESPACE = "urn:hl7-org:v3"
_LOINC = "2.16.840.1.113883.6.1"
_NAMES = {"c": _NAMESPACE}
_SECURITY_OBSERVATIONS = frozenset({"SECCLASSOBS", "SECCATOBS", "SECCONOBS"})
"""Security classification, category and control observations (http://terminology.hl7.org/CodeSystem/v3-ActCode)."""


def _is_deleted(element: etree._Element) -> bool:
    return element.get("revised") == "delete"


def _is_ordered(element: etree._Element) -> bool:
    return element.get("listType") == "ordered"


VOCABULARY = Vocabulary(
    paragraphs=frozenset({"paragraph", "list", "table"}),
    blocks=frozenset({"text", "caption", "footnote", "div", "p"}),
    items=frozenset({"item", "li"}),
    rows=frozenset({"tr"}),
    cells=frozenset({"td", "th"}),
    breaks=frozenset({"br"}),
    dropped=frozenset({"rendermultimedia", "footnoteref", "col", "colgroup"}),
    is_dropped=_is_deleted,
    is_ordered=_is_ordered,
)


def read(data: bytes, charset: str) -> NoteText:
    """Read a C-CDA document. The XML declaration decides the encoding; ``charset`` is used when it names none.

    Raises:
        Unreadable: ``malformed`` (not XML, a DOCTYPE, too deep), ``too-long``, ``unsupported-type`` (XML of another kind), ``unavailable`` (the
            body is only a reference), ``empty``, or what the format of an attached body says.
    """
    document = _parse(data, charset)
    if document.tag != f"{{{_NAMESPACE}}}ClinicalDocument":
        raise Unreadable("unsupported-type", "XML, but not a ClinicalDocument")
    body = document.find("c:component/c:structuredBody", _NAMES)
    if body is not None:
        return replace(_read_structured(body), labels=_labels(document), title=_title(document))
    attached = document.find("c:component/c:nonXMLBody/c:text", _NAMES)
    if attached is None:
        raise Unreadable("empty", "the ClinicalDocument has no body")
    return replace(_read_attached(attached), labels=_labels(document), title=_title(document))


def _parse(data: bytes, charset: str) -> etree._Element:
    if not data.strip():
        raise Unreadable("empty", "no bytes")
    if len(data) > MAX_BYTES:
        raise Unreadable("too-long", f"larger than {MAX_BYTES} bytes")
    root = _parse_as(data, "")
    if root is None and charset:
        root = _parse_as(data, charset)
    if root is None:
        raise Unreadable("malformed", "not well-formed XML")
    if root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("malformed", "a DOCTYPE is not accepted")
    return root


def _parse_as(data: bytes, charset: str) -> etree._Element | None:
    try:
        parser = etree.XMLParser(
            encoding=charset or None,
            resolve_entities=False,
            no_network=True,
            huge_tree=False,
            load_dtd=False,
            dtd_validation=False,
            remove_comments=True,
            remove_pis=True,
        )
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, LookupError, ValueError):
        return None


def _read_structured(body: etree._Element) -> NoteText:
    layout = Layout()
    hints: list[SectionHint] = []
    labelled: list[LabelledPart] = []
    for section in body.iterfind("c:component/c:section", _NAMES):
        _write_section(section, layout, hints, labelled, depth=0)
    text = require_words(layout.text())
    parts = tuple(LabelledPart(min(one.start, len(text)), min(one.end, len(text)), one.labels) for one in labelled)
    return NoteText(text, tuple(_clamp(hint, len(text)) for hint in hints), labelled=parts)


def _write_section(section: etree._Element, layout: Layout, hints: list[SectionHint], labelled: list[LabelledPart], depth: int) -> None:
    """Write one section and those nested in it; its hint comes before theirs and spans them."""
    if depth > MAX_DEPTH:
        raise Unreadable("malformed", f"sections nest deeper than {MAX_DEPTH}")
    layout.paragraph()
    start = layout.here()
    title = _title(section)
    layout.words(title)
    layout.line()
    body_start = layout.here()
    place = len(hints)
    narrative = section.find("c:text", _NAMES)
    if narrative is not None:
        lay_out(narrative, layout, VOCABULARY)
    for nested in section.iterfind("c:component/c:section", _NAMES):
        _write_section(nested, layout, hints, labelled, depth + 1)
    layout.paragraph()
    if labels := _section_labels(section):
        labelled.append(LabelledPart(start, layout.here(), labels))
    hints.insert(place, SectionHint(start, body_start, layout.here(), title, _loinc(section)))


def _labels(element: etree._Element) -> tuple[SecurityLabel, ...]:
    """The ``confidentialityCode`` of a header or section (CDA R2)."""
    codes = element.iterfind("c:confidentialityCode", _NAMES)
    return tuple(SecurityLabel(one.get("codeSystem") or "", one.get("code") or "") for one in codes if one.get("code"))


def _section_labels(section: etree._Element) -> tuple[SecurityLabel, ...]:
    """Of one section: its own code, and what security observations in its entries say (HL7 CDA R2 IG: DS4P, "Privacy Annotation"). The words of
    an entry stand in the section's narrative, so that what is said of the entry holds for the section."""
    values: list[SecurityLabel] = []
    for observation in section.iterfind("c:entry//c:observation", _NAMES):
        kind, value = observation.find("c:code", _NAMES), observation.find("c:value", _NAMES)
        if kind is not None and kind.get("code") in _SECURITY_OBSERVATIONS and value is not None and value.get("code"):
            values.append(SecurityLabel(value.get("codeSystem") or "", value.get("code") or ""))
    return (*_labels(section), *values)


def _title(section: etree._Element) -> str:
    title = section.find("c:title", _NAMES)
    if title is None:
        return ""
    layout = Layout()
    lay_out(title, layout, VOCABULARY)
    return " ".join(layout.text().split())


def _loinc(section: etree._Element) -> str:
    code = section.find("c:code", _NAMES)
    if code is None:
        return ""
    candidates = [code, *code.iterfind("c:translation", _NAMES)]
    return next((found.get("code") or "" for found in candidates if found.get("codeSystem") == _LOINC), "")


def _clamp(hint: SectionHint, length: int) -> SectionHint:
    return SectionHint(min(hint.start, length), min(hint.body_start, length), min(hint.end, length), hint.title, hint.loinc)


def _read_attached(attached: etree._Element) -> NoteText:
    """The body of an unstructured document (C-CDA "Unstructured Document"): base64 or inline text of the media type it names, read by the
    format of that type."""
    if any(local_name(child) == "reference" for child in attached) and not (attached.text or "").strip():
        raise Unreadable("unavailable", "the body is a reference to another file")
    declared = attached.get("mediaType") or "text/plain"
    if attached.get("representation") != "B64":
        return read_note((attached.text or "").encode("utf-8"), f"{declared.partition(';')[0]}; charset=utf-8")
    return read_note(_attached_bytes(attached), declared)


def _attached_bytes(attached: etree._Element) -> bytes:
    if attached.get("compression"):
        raise Unreadable("unsupported-type", "the body is compressed")
    try:
        return base64.b64decode("".join((attached.text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable("malformed", "the body is not base64") from None
