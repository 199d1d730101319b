"""Canonical text: the one form of a note's words that every offset and hash in the system refers to.

What canonical means: Unicode in normalization form C; line ends are ``\\n``; no-break spaces are plain spaces; control and invisible format
characters (zero-width, soft hyphen, byte order mark, bidirectional marks) are gone. Form C and not KC, because KC would rewrite what the
clinician typed (``½`` would become ``1⁄2``). The operation is idempotent: canonical text is its own canonical form.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass

from fhir_coder.model import SectionHint

MAX_BYTES = 10 * 1024 * 1024
"""Notes larger than this (10 MiB) are refused: the longest outpatient notes are below 1 MiB."""

_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SPACE = re.compile("[\u00a0\u2007\u202f]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]"
)
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MAX_CONTROL_SHARE = 0.05
_BINARY_SIGNATURES = (b"%PDF-", b"{\\rtf", b"PK\x03\x04", b"\x89PNG", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"\xd0\xcf\x11\xe0")


class Unreadable(Exception):
    """A note that yields no text. ``reason`` is one of the reasons of :class:`fhir_coder.model.UnreadableNote`.

    ``detail`` says what was wrong in words of the format, never in words of the note.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class NoteText:
    """Canonical text of one note, the sections its format declares, and warnings (about the format, never quoting the note)."""

    text: str
    hints: tuple[SectionHint, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decoded:
    """Characters decoded from bytes, before they are made canonical, with a warning or an empty string."""

    text: str
    warning: str = ""


def canonical(text: str) -> str:
    """Make text canonical (see the module's docstring)."""
    text = _LINE_END.sub("\n", text)
    text = _SPACE.sub(" ", text)
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", text))


def decode(data: bytes, charset: str = "") -> Decoded:
    """Decode bytes by byte order mark, else the declared charset, else UTF-8, else Windows-1252 with a warning.

    A byte order mark outranks the declaration, as the WHATWG Encoding Standard has it (https://encoding.spec.whatwg.org/#decode).
    """
    _refuse_binary(data)
    for mark, name in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _decode_strictly(data, name)
    if charset:
        declared = _try_decode(data, charset)
        if declared is not None:
            return Decoded(declared)
    unicode_text = _try_decode(data, "utf-8")
    if unicode_text is not None:
        return Decoded(unicode_text, "the declared charset does not fit; read as UTF-8" if charset else "")
    return Decoded(data.decode("cp1252", errors="replace"), "not valid in its declared charset or UTF-8; read as Windows-1252")


def require_words(text: str) -> str:
    """Return the text if it holds a letter or digit.

    Raises:
        Unreadable: ``empty`` when it does not.
    """
    if not any(character.isalnum() for character in text):
        raise Unreadable("empty", "the note holds no letter or digit")
    return text


def _refuse_binary(data: bytes) -> None:
    if not data:
        raise Unreadable("empty", "no bytes")
    if len(data) > MAX_BYTES:
        raise Unreadable("malformed", f"larger than {MAX_BYTES} bytes")
    if data.startswith(_BINARY_SIGNATURES):
        raise Unreadable("undecodable", "the bytes are a binary document, not the declared text format")


def _decode_strictly(data: bytes, name: str) -> Decoded:
    try:
        return Decoded(_reject_controls(data.decode(name)))
    except UnicodeDecodeError:
        raise Unreadable("undecodable", f"the byte order mark says {name}, the bytes do not agree") from None


def _try_decode(data: bytes, name: str) -> str | None:
    try:
        return _reject_controls(data.decode(name))
    except (LookupError, UnicodeError, ValueError):
        return None


def _reject_controls(text: str) -> str:
    """Refuse text that is mostly control characters: bytes of another kind, or of another encoding."""
    controls = sum(1 for character in text[:4096] if character < " " and character not in "\t\n\r\x0b\x0c")
    if controls > max(2, _MAX_CONTROL_SHARE * min(len(text), 4096)):
        raise Unreadable("undecodable", "too many control characters for text")
    return text
