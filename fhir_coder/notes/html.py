"""HTML notes: what a browser would show, as lines; headings become section hints.

Nothing is fetched, run or expanded from outside: scripts, styles, the head and hidden elements are dropped, deleted and struck-through text
too. Of a form its answers are kept: ticked and empty boxes, what was typed and chosen.
"""

from __future__ import annotations

import re

from lxml import etree

from fhir_coder.model import SectionHint
from fhir_coder.notes.canonical import NoteText, Unreadable, canonical, require_words
from fhir_coder.notes.charsets import Decoded, decode
from fhir_coder.notes.layout import Layout
from fhir_coder.notes.markup import Heading, Vocabulary, lay_out, local_name

CONTENT_TYPES = frozenset({"text/html"})

_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{1,40})""", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,100}?encoding\s*=\s*["']([A-Za-z0-9_:.-]{1,40})""")
_PROLOGUE = 4096
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|mso-hide\s*:\s*all", re.IGNORECASE)
_STRUCK_STYLE = re.compile(r"text-decoration(?:-line)?\s*:[^;]*line-through", re.IGNORECASE)
_LINES_STYLE = re.compile(r"white-space\s*:\s*(?:pre|break-spaces)", re.IGNORECASE)
_DOCTYPE = re.compile(r"<!doctype[^>\[]*\[", re.IGNORECASE)


def _is_hidden(element: etree._Element) -> bool:
    style = element.get("style") or ""
    return element.get("hidden") is not None or bool(_HIDDEN_STYLE.search(style) or _STRUCK_STYLE.search(style))


def _is_preformatted(element: etree._Element) -> bool:
    return local_name(element) in ("pre", "textarea", "listing", "xmp", "plaintext") or bool(
        _LINES_STYLE.search(element.get("style") or "")
    )


def _answer(element: etree._Element) -> str | None:
    """What a control of a form shows."""
    name = local_name(element)
    if name == "select":
        chosen = [option for option in element.iter() if local_name(option) == "option" and option.get("selected") is not None]
        return ", ".join(
            " ".join(str(etree.tostring(option, method="text", encoding="unicode", with_tail=False)).split()) for option in chosen
        )
    if name != "input":
        return None
    kind = (element.get("type") or "text").strip().lower()
    if kind in ("checkbox", "radio"):
        return "☒ " if element.get("checked") is not None else "☐ "
    return (element.get("value") or "") if kind in ("text", "number", "date", "search", "tel", "email", "time", "month", "week") else ""


def _is_ordered(element: etree._Element) -> bool:
    return local_name(element) == "ol"


VOCABULARY = Vocabulary(
    paragraphs=frozenset({"p", "table", "ul", "ol", "dl", "pre", "listing", "xmp", "plaintext", "blockquote", "article", "section", "hr"}),
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
         "button", "datalist", "del", "s", "strike", "title"}
    ),
    headings=frozenset({"h1", "h2", "h3", "h4", "h5", "h6"}),
    is_dropped=_is_hidden,
    is_ordered=_is_ordered,
    is_preformatted=_is_preformatted,
    shown_instead=_answer,
)  # fmt: skip


def read(data: bytes, charset: str) -> NoteText:
    """Read an HTML note.

    Raises:
        Unreadable: ``empty``, ``undecodable``, or ``malformed`` when too large or too deep.
    """
    decoded = decode_markup(data, charset)
    return lay_out_page(_parse(decoded.text), (decoded.warning,) if decoded.warning else ())


def decode_markup(data: bytes, charset: str) -> Decoded:
    """Decode HTML or XHTML by the content type's charset, else the one it declares itself."""
    return decode(data, charset or _declared_charset(data))


def lay_out_page(root: etree._Element, warnings: tuple[str, ...]) -> NoteText:
    """The text and the headings of a parsed page."""
    layout = Layout()
    headings = lay_out(root, layout, VOCABULARY)
    text = require_words(layout.text())
    return NoteText(text, _hints(headings, text), warnings)


def _declared_charset(data: bytes) -> str:
    found = _XML_ENCODING.search(data[:1024]) or _META_CHARSET.search(data[:1024])
    return found.group(1).decode("ascii") if found else ""


def _parse(markup: str) -> etree._Element:
    markup = _XML_DECLARATION.sub("", canonical(markup))
    if _DOCTYPE.search(markup[:_PROLOGUE]):
        raise Unreadable("malformed", "a DOCTYPE with declarations is not accepted")
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(markup.encode("utf-8"), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Unreadable("malformed", "not HTML") from None
    if root is None:
        raise Unreadable("empty", "no element")
    return root


def _hints(headings: list[Heading], text: str) -> tuple[SectionHint, ...]:
    """A section lasts until the next heading of its own or a higher level. A heading inside a heading opens none."""
    outer: list[Heading] = []
    for heading in sorted(headings, key=lambda heading: (heading.start, -heading.body_start)):
        if not outer or heading.start >= outer[-1].body_start:
            outer.append(heading)
    hints: list[SectionHint] = []
    next_of_level = dict.fromkeys((f"h{level}" for level in range(1, 7)), len(text))
    for heading in reversed(outer):
        title = " ".join(text[heading.start : heading.body_start].split())
        if title:
            hints.append(SectionHint(heading.start, min(heading.body_start, len(text)), next_of_level[heading.name], title))
        next_of_level |= {name: min(heading.start, len(text)) for name in next_of_level if name >= heading.name}
    return tuple(reversed(hints))
