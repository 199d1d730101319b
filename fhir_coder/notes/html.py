"""HTML and XHTML notes: what a browser would show, as lines; headings become section hints.

Nothing is fetched, run or expanded from outside: scripts, styles, the head, forms' controls and hidden elements are dropped.
"""

from __future__ import annotations

import re

from lxml import etree

from fhir_coder.model import SectionHint
from fhir_coder.notes.canonical import Decoded, NoteText, Unreadable, canonical, decode, require_words
from fhir_coder.notes.layout import Layout
from fhir_coder.notes.markup import Heading, Vocabulary, lay_out, local_name

CONTENT_TYPES = frozenset({"text/html", "application/xhtml+xml", "application/xhtml"})

_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{1,40})""", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,100}?encoding\s*=\s*["']([A-Za-z0-9_:.-]{1,40})""")
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def _is_hidden(element: etree._Element) -> bool:
    return element.get("hidden") is not None or bool(_HIDDEN_STYLE.search(element.get("style") or ""))


def _is_ordered(element: etree._Element) -> bool:
    return local_name(element) == "ol"


VOCABULARY = Vocabulary(
    paragraphs=frozenset({"p", "table", "ul", "ol", "dl", "pre", "blockquote", "article", "section", "hr"}),
    blocks=frozenset(
        {"div", "address", "aside", "main", "header", "footer", "nav", "figure", "figcaption", "fieldset", "legend", "form", "caption",
         "center", "dt", "dd", "details", "summary", "body", "html"}
    ),
    items=frozenset({"li"}),
    rows=frozenset({"tr"}),
    cells=frozenset({"td", "th"}),
    breaks=frozenset({"br"}),
    dropped=frozenset(
        {"script", "style", "head", "template", "noscript", "iframe", "object", "embed", "applet", "svg", "math", "canvas", "audio", "video",
         "select", "button", "textarea", "datalist", "del", "s", "strike", "title"}
    ),
    headings=frozenset({"h1", "h2", "h3", "h4", "h5", "h6"}),
    is_dropped=_is_hidden,
    is_ordered=_is_ordered,
)  # fmt: skip


def read(data: bytes, charset: str) -> NoteText:
    """Read an HTML or XHTML note.

    Raises:
        Unreadable: ``empty``, ``undecodable``, or ``malformed`` when too large or too deep.
    """
    decoded = decode(data, charset or _declared_charset(data))
    return read_text(decoded)


def read_text(decoded: Decoded) -> NoteText:
    """Read HTML that is already characters."""
    layout = Layout()
    headings = lay_out(_parse(decoded.text), layout, VOCABULARY)
    text = require_words(layout.text())
    return NoteText(text, _hints(headings, text), (decoded.warning,) if decoded.warning else ())


def _declared_charset(data: bytes) -> str:
    found = _XML_ENCODING.search(data[:1024]) or _META_CHARSET.search(data[:1024])
    return found.group(1).decode("ascii") if found else ""


def _parse(markup: str) -> etree._Element:
    markup = _XML_DECLARATION.sub("", canonical(markup))
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(markup.encode("utf-8"), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Unreadable("malformed", "not HTML") from None
    if root is None:
        raise Unreadable("empty", "no element")
    return root


def _hints(headings: list[Heading], text: str) -> tuple[SectionHint, ...]:
    """A section lasts until the next heading of its own or a higher level."""
    hints = []
    for heading in sorted(headings, key=lambda heading: heading.start):
        title = " ".join(text[heading.start : heading.body_start].split())
        later = [other.start for other in headings if other.start >= heading.body_start and other.name <= heading.name]
        if title:
            hints.append(SectionHint(heading.start, min(heading.body_start, len(text)), min([*later, len(text)]), title))
    return tuple(hints)
