"""What bytes are, whatever they are declared to be: the first bytes of file formats, and markup that cannot be anything else.

EHRs mislabel: RTF stored as ``text/plain``, a scan as ``application/octet-stream``. The table follows the WHATWG MIME Sniffing Standard
(https://mimesniff.spec.whatwg.org/) and, for DICOM, PS3.10 section 7.1. Markup is believed only when it is unmistakable: plain text that
begins with ``<`` ("<3 days of cough") stays plain text.
"""

from __future__ import annotations

import codecs
import re

_WINDOW = 1024

_MAGIC = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"\x00\x00\x00\x0cjP  ", "image/jp2"),
    (8, b"WEBPVP", "image/webp"),
    (128, b"DICM", "application/dicom"),
    (8, b"WAVEfmt", "audio/wav"),
    (0, b"ID3\x03", "audio/mpeg"),
    (0, b"ID3\x04", "audio/mpeg"),
    (0, b"OggS\x00", "audio/ogg"),
    (0, b"fLaC\x00", "audio/flac"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword"),
)
"""Offset, bytes, media type. Signatures that words could begin with (``BM`` of a bitmap, ``ID3`` without its version) are left out."""

_PDF = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*%PDF-")
_RTF = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*\{\\rtf")
_PROLOGUE = re.compile(r"\s*(?:<\?xml\b[^>]*\?>|<!--.*?-->|<\?xml-[^>]*\?>|\s)*", re.DOTALL)
_HTML = re.compile(r"<!doctype\s+html\b|<(?:\w+:)?html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)
_FRAGMENT = re.compile(
    r"<(?P<name>div|p|table|span|font|b|strong|ul|ol|h[1-6]|pre|center|br|style|meta|title)(?:\s[^<>]*)?/?>", re.IGNORECASE
)
_CLOSING = re.compile(r"</(?:div|p|table|span|font|b|strong|ul|ol|li|h[1-6]|pre|center|style|title|td|tr)\s*>|<br\s*/?>", re.IGNORECASE)
_CDA = re.compile(r"<(?:\w+:)?ClinicalDocument[\s>]")
_XHTML_ROOT = re.compile(r"<(?:\w+:)?\w+\s[^>]*[\"']http://www\.w3\.org/1999/xhtml[\"']")
_TAG = re.compile(r"<[A-Za-z!/?]|&(?:#\d+|#x[0-9A-Fa-f]+|[A-Za-z]+\d?);")


def recognise_file(data: bytes) -> str:
    """The media type that the bytes prove, or empty: a PDF, RTF, an image, a recording, a container."""
    if _PDF.match(data[:_WINDOW]):
        return "application/pdf"
    if _RTF.match(data[:_WINDOW]):
        return "application/rtf"
    return next((media_type for offset, magic, media_type in _MAGIC if data[offset : offset + len(magic)] == magic), "")


def recognise_markup(data: bytes) -> str:
    """``text/html``, ``application/xhtml+xml`` or ``application/cda+xml`` when the text is unmistakably that, else empty."""
    text = _head(data)
    start = _PROLOGUE.match(text)
    text = text[start.end() :] if start else text
    if _CDA.search(text[:_WINDOW]) and text.startswith("<"):
        return "application/cda+xml"
    if _XHTML_ROOT.match(text) or (_head(data).lstrip().startswith("<?xml") and _HTML.match(text)):
        return "application/xhtml+xml"
    if _HTML.match(text) or (_FRAGMENT.match(text) and _CLOSING.search(text)):
        return "text/html"
    return ""


def has_markup(data: bytes) -> bool:
    """Whether anything in the bytes could be a tag or a character reference."""
    return _TAG.search(_head(data, len(data))) is not None


def _head(data: bytes, length: int = 8 * _WINDOW) -> str:
    """The first characters, as far as markup is concerned: ASCII is all that it needs."""
    sample = data[:length]
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return sample.decode("utf-16", errors="replace")
    return sample.decode("latin-1").removeprefix("ï»¿")
