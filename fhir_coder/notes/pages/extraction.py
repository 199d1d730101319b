"""A program of its own: PDF on standard input, the glyphs of its pages as JSON on standard output.

It is run in a process apart (:mod:`.process`), because the engine is native code, is not thread-safe and cannot be stopped: a hostile file
ends this process, never the server. Nothing of the document goes to standard error. PDFium neither runs scripts (built without V8) nor
fetches anything.

Output: ``{"error": "..."}`` or ``{"pages": [...]}``; a page has ``width`` (points), ``is_scan`` (a picture covers most of it), ``is_drawn``
(anything is on it) and ``glyphs``, each ``[characters, left, right, baseline, height, angle, is_unmapped, is_answer]``, turned upright by its
angle (degrees), in the order of the content stream; a blank that the engine infers from a gap has no characters.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import resource
import sys
from collections.abc import Iterator
from typing import Any

import pypdfium2.raw as pdfium

MAX_PAGES = 300
MAX_GLYPHS = 300_000
MAX_SECONDS = 20
MAX_MEMORY = 512 << 20
_MOST_OBJECTS = 20_000
_MOST_ANNOTATIONS = 5_000
_SCAN_SHARE = 0.5
_ERRORS = {pdfium.FPDF_ERR_PASSWORD: "password", pdfium.FPDF_ERR_SECURITY: "password"}
_XFA = (pdfium.FORMTYPE_XFA_FULL,)
_INVISIBLE = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
_CHECKED, _UNCHECKED = "☒", "☐"

Glyph = tuple[str, float, float, float, float, int, bool, bool]


class Refused(Exception):
    """The document is not read, and why: ``password``, ``format``, ``xfa``, ``pages``, ``glyphs``."""


def main() -> None:
    """Read standard input, write standard output."""
    _limit()
    try:
        answer: dict[str, Any] = {"pages": list(read_pages(sys.stdin.buffer.read()))}
    except Refused as refused:
        answer = {"error": str(refused)}
    json.dump(answer, sys.stdout, ensure_ascii=True, separators=(",", ":"))


def _limit() -> None:
    """Bound what a hostile file can take: processor time, memory, files."""
    limits = {resource.RLIMIT_CPU: MAX_SECONDS, resource.RLIMIT_AS: MAX_MEMORY, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0}
    for limit, most in limits.items():
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (most, most))


def read_pages(data: bytes) -> Iterator[dict[str, Any]]:
    """The pages of a document.

    Raises:
        Refused: see there.
    """
    pdfium.FPDF_InitLibrary()
    document = pdfium.FPDF_LoadMemDocument64(data, len(data), None)
    if not document:
        raise Refused(_ERRORS.get(pdfium.FPDF_GetLastError(), "format"))
    if pdfium.FPDF_GetFormType(document) in _XFA:
        raise Refused("xfa")
    count = pdfium.FPDF_GetPageCount(document)
    if count > MAX_PAGES:
        raise Refused("pages")
    form, _callbacks = _open_form(document)
    left = MAX_GLYPHS
    for number in range(count):
        page = pdfium.FPDF_LoadPage(document, number)
        if not page:
            raise Refused("format")
        pdfium.FORM_OnAfterLoadPage(page, form)
        found = _read_page(page, form, left)
        left -= len(found["glyphs"])
        pdfium.FORM_OnBeforeClosePage(page, form)
        pdfium.FPDF_ClosePage(page)
        yield found


def _open_form(document: Any) -> tuple[Any, Any]:
    """The form environment, without which values of fields are not told, and its callbacks, all empty, which must outlive it."""
    callbacks = pdfium.FPDF_FORMFILLINFO(version=2)
    form = pdfium.FPDFDOC_InitFormFillEnvironment(document, callbacks)
    return form, callbacks


def _read_page(page: Any, form: Any, most: int) -> dict[str, Any]:
    box = _visible_box(page)
    text = pdfium.FPDFText_LoadPage(page)
    if not text:
        raise Refused("format")
    count = pdfium.FPDFText_CountChars(text)
    if count > most:
        raise Refused("glyphs")
    glyphs = [*_glyphs(text, count, box), *_annotations(page, form)]
    pdfium.FPDFText_ClosePage(text)
    objects = [pdfium.FPDFPage_GetObject(page, index) for index in range(min(pdfium.FPDFPage_CountObjects(page), _MOST_OBJECTS))]
    pictures = sum(_area(one, box) for one in objects if pdfium.FPDFPageObj_GetType(one) == pdfium.FPDF_PAGEOBJ_IMAGE)
    is_scan = pictures > _SCAN_SHARE * (box.right - box.left) * (box.top - box.bottom)
    return {"width": box.right - box.left, "is_scan": is_scan, "is_drawn": bool(objects), "glyphs": glyphs}


def _visible_box(page: Any) -> Any:
    box = pdfium.FS_RECTF()
    pdfium.FPDF_GetPageBoundingBox(page, box)
    return box


def _glyphs(text: Any, count: int, page: Any) -> Iterator[Glyph]:
    """Characters with their places, those outside the page left out. A glyph that stands for several characters (a ligature) comes as one."""
    reader = _GlyphReader(text, page)
    held: Glyph | None = None
    for index in range(count):
        glyph = reader.read(index)
        if glyph is None:
            continue
        if held is not None and not glyph[0]:
            glyph = (*glyph[:5], held[5], *glyph[6:])
        if held is not None and held[1:4] == glyph[1:4] and glyph[2] > glyph[1]:
            held = (held[0] + glyph[0], *held[1:])
            continue
        if held is not None:
            yield held
        held = glyph
    if held is not None:
        yield held


class _GlyphReader:
    """Reads glyphs of one page of text, into the same few buffers."""

    def __init__(self, text: Any, page: Any) -> None:
        self._text = text
        self._page = page
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._box = pdfium.FS_RECTF()

    def read(self, index: int) -> Glyph | None:
        """One glyph; None when it is a line end, outside the page or nowhere."""
        number = pdfium.FPDFText_GetUnicode(self._text, index)
        is_inferred = pdfium.FPDFText_IsGenerated(self._text, index) == 1
        if is_inferred and number != ord(" "):
            return None
        pdfium.FPDFText_GetCharOrigin(self._text, index, self._x, self._y)
        angle = -pdfium.FPDFText_GetCharAngle(self._text, index)  # PDFium measures it clockwise.
        if not (self._is_on_page() and math.isfinite(angle)):
            return None
        degrees = round(math.degrees(angle)) % 360
        place = self._place(index, degrees)
        if not math.isfinite(sum(place)):
            return None
        if is_inferred:
            return "", *place, degrees, False, False
        is_unmapped = pdfium.FPDFText_HasUnicodeMapError(self._text, index) == 1 or number == 0 or 0xE000 <= number < 0xF900
        return _character(number), *place, degrees, is_unmapped, False

    def _is_on_page(self) -> bool:
        page, x, y = self._page, self._x.value, self._y.value
        return page.left - 1 <= x <= page.right + 1 and page.bottom - 1 <= y <= page.top + 1

    def _place(self, index: int, degrees: int) -> tuple[float, float, float, float]:
        """Left, right, baseline and height, as if the page were turned so that the glyph stands upright."""
        box, x, y = self._box, self._x.value, self._y.value
        pdfium.FPDFText_GetLooseCharBox(self._text, index, box)
        width, height = box.right - box.left, box.top - box.bottom
        if degrees == 0:
            place = box.left, box.right, y, height
        elif degrees == 90:
            place = box.bottom, box.top, -x, width
        elif degrees == 180:
            place = -box.right, -box.left, -y, height
        elif degrees == 270:
            place = -box.top, -box.bottom, x, width
        else:
            turn = math.radians(degrees)
            along = x * math.cos(turn) + y * math.sin(turn)
            size = pdfium.FPDFText_GetFontSize(self._text, index)
            place = along, along + size / 2, y * math.cos(turn) - x * math.sin(turn), size
        left, right, base, size = place
        return round(left, 2), round(right, 2), round(base, 2), round(size, 2)


def _character(number: int) -> str:
    """A character by the engine's number; a hyphen at the end of a line comes as U+0002."""
    if number == 2:
        return "-"
    return chr(number) if 0 < number <= 0x10FFFF and not 0xD800 <= number < 0xE000 else ""


def _annotations(page: Any, form: Any) -> Iterator[Glyph]:
    """Values of form fields and text typed onto the page, each as one wide glyph at the place where it is shown."""
    for index in range(min(pdfium.FPDFPage_GetAnnotCount(page), _MOST_ANNOTATIONS)):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        if not pdfium.FPDFAnnot_GetFlags(annotation) & _INVISIBLE:
            yield from _annotation(annotation, form)
        pdfium.FPDFPage_CloseAnnot(annotation)


def _annotation(annotation: Any, form: Any) -> Iterator[Glyph]:
    kind = pdfium.FPDFAnnot_GetSubtype(annotation)
    if kind == pdfium.FPDF_ANNOT_WIDGET and form:
        shown = _value(annotation, form)
    elif kind == pdfium.FPDF_ANNOT_FREETEXT:
        shown = _string(lambda buffer, size: pdfium.FPDFAnnot_GetStringValue(annotation, b"Contents", buffer, size))
    else:
        return
    box = pdfium.FS_RECTF()
    if not shown.strip() or not pdfium.FPDFAnnot_GetRect(annotation, box):
        return
    left, right, top, bottom = min(box.left, box.right), max(box.left, box.right), max(box.top, box.bottom), min(box.top, box.bottom)
    lines = [line for line in shown.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip()]
    height = min((top - bottom) / max(len(lines), 1), 14)
    first = top - height if len(lines) > 1 else (top + bottom - height) / 2
    for number, line in enumerate(lines):
        width = min(right - left, len(line) * height / 2)
        yield line, round(left, 2), round(left + width, 2), round(first + height / 4 - number * height, 2), round(height, 2), 0, False, True


def _value(annotation: Any, form: Any) -> str:
    kind = pdfium.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON):
        return _CHECKED if pdfium.FPDFAnnot_IsChecked(form, annotation) else _UNCHECKED
    if kind in (pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX):
        return _string(lambda buffer, size: pdfium.FPDFAnnot_GetFormFieldValue(form, annotation, buffer, size))
    return ""


def _string(get: Any) -> str:
    """A string that the engine gives as UTF-16 into a buffer of the length it asks for."""
    length = get(None, 0)
    if not 2 < length <= 200_000:
        return ""
    buffer = ctypes.create_string_buffer(length)
    get(ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), length)
    return buffer.raw[:length].decode("utf-16-le", errors="ignore").rstrip("\0")


def _area(thing: Any, box: Any) -> float:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    if not pdfium.FPDFPageObj_GetBounds(thing, left, bottom, right, top):
        return 0.0
    width = min(right.value, box.right) - max(left.value, box.left)
    height = min(top.value, box.top) - max(bottom.value, box.bottom)
    return max(width, 0) * max(height, 0)


if __name__ == "__main__":
    main()
