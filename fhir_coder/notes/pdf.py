"""PDF notes: the text layer, in reading order, by :mod:`fhir_coder.notes.pages`. Headings are left for the reading stage to find.

Kept: the words of every page, values and ticked boxes of form fields, text typed onto a page. Left out: what stands outside the page, hidden
annotations, comments, attachments, and page headers and footers after their first time, so that a page break does not cut a sentence.
A PDF that needs a password, a scan, and fonts that do not say which letters they show make the note unreadable; pictures are never read.

PDFium (BSD-3-Clause, Apache-2.0; https://pdfium.googlesource.com/pdfium/) reads the file in a process of its own, limited in time and memory.
"""

from __future__ import annotations

from collections.abc import Sequence

from fhir_coder.notes.canonical import MAX_BYTES_WITH_PICTURES, NoteText, Unreadable, canonical, require_words
from fhir_coder.notes.pages.columns import read_columns
from fhir_coder.notes.pages.furniture import clear_furniture
from fhir_coder.notes.pages.lines import lay_lines
from fhir_coder.notes.pages.process import Page, Run, extract_pages
from fhir_coder.notes.pages.rows import find_rows

CONTENT_TYPES = frozenset({"application/pdf", "application/x-pdf", "text/pdf"})

_HEADER_WITHIN = 1024
_MOST_UNMAPPED = 0.2
_SCAN_LETTERS = 50


def read(data: bytes, charset: str, run: Run | None = None) -> NoteText:
    """Read a PDF. ``charset`` means nothing here; ``run`` is what runs the extraction (by default, a process apart).

    Raises:
        Unreadable: ``malformed`` (not a PDF, broken, too slow), ``too-long``, ``encrypted``, ``no-text-layer`` (a scan, or letters drawn as
            pictures), ``undecodable`` (fonts without letters), ``unsupported-type`` (an XFA form), ``unavailable`` (too many are being read), ``empty``.
    """
    if not data.strip():
        raise Unreadable("empty", "no bytes")
    if len(data) > MAX_BYTES_WITH_PICTURES:
        raise Unreadable("too-long", f"larger than {MAX_BYTES_WITH_PICTURES} bytes")
    if b"%PDF-" not in data[:_HEADER_WITHIN]:
        raise Unreadable("malformed", "does not begin as a PDF")
    pages = extract_pages(data, run)
    _require_letters(pages)
    rows = [read_columns(find_rows(page.glyphs)) for page in pages]
    cleared, footers = clear_furniture(rows)
    text = _join_pages([lay_lines([row for page in cleared for row in page]), lay_lines(footers)])
    unread = _unread(pages)
    return NoteText(require_words(canonical(text)), warnings=(unread,) if unread else (), unread=unread)


def _join_pages(parts: Sequence[str]) -> str:
    return "\n\n".join(part for part in parts if part)


def _letters(page: Page) -> int:
    return sum(1 for glyph in page.glyphs for character in glyph.text if character.isalnum())


def _is_scan(page: Page) -> bool:
    """A picture over most of the page, with at most a stamped line of text."""
    return page.is_scan and _letters(page) < _SCAN_LETTERS


def _require_letters(pages: Sequence[Page]) -> None:
    if not any(page.is_drawn or page.glyphs for page in pages):
        raise Unreadable("empty", "nothing is on the pages of the PDF")
    glyphs = [glyph for page in pages for glyph in page.glyphs if glyph.text.strip() or glyph.is_unmapped]
    if sum(glyph.is_unmapped for glyph in glyphs) > _MOST_UNMAPPED * len(glyphs):
        raise Unreadable("undecodable", "the fonts of the PDF do not say which letters they show")
    drawn = [page for page in pages if page.is_drawn or page.glyphs]
    if all(_is_scan(page) or not _letters(page) for page in drawn):
        raise Unreadable("no-text-layer", "the PDF is a scan or picture without a text layer")


def _unread(pages: Sequence[Page]) -> str:
    scans = [str(number) for number, page in enumerate(pages, 1) if _is_scan(page)]
    return f"pictures without text cover page {', '.join(scans)}" if scans else ""
