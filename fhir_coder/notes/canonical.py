"""Canonical text: the one form of a note's words that every offset and hash in the system refers to.

What canonical means: Unicode in normalization form C; line ends are ``\\n``; no-break spaces are plain spaces; control and invisible format
characters (zero-width, soft hyphen, byte order mark, bidirectional marks) are gone. Form C and not KC, because KC would rewrite what the
clinician typed (``½`` would become ``1⁄2``); only the typesetter's ligatures (``ﬁ``) become the letters that were typed, and the
private characters of symbol fonts what they show. The operation is idempotent: canonical text is its own canonical form.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from fhir_coder.model import SectionHint, SecurityLabel

MAX_BYTES = 10 * 1024 * 1024
"""Notes larger than this (10 MiB) are refused: the longest outpatient notes are below 1 MiB."""

MAX_BYTES_WITH_PICTURES = 32 * 1024 * 1024
"""The same for formats that embed pictures (32 MiB)."""

_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SPACE = re.compile("[\u00a0\u2007\u202f]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]"
)
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
# What text processors leave behind of the fonts Symbol and Wingdings: private characters, U+F000 plus the byte.
_SYMBOLS = {
    0xF0B7: "•", 0xF0A7: "▪", 0xF0D8: "➢", 0xF06F: "☐", 0xF071: "☐", 0xF072: "☐", 0xF0A8: "☐", 0xF0FC: "✓", 0xF0FD: "☒", 0xF0FE: "☑", 0xF0DF: "←",
    0xF0E0: "→", 0xF0A3: "≤", 0xF0B3: "≥", 0xF0B1: "±", 0xF0B0: "°",
}  # fmt: skip
_TYPOGRAPHY = str.maketrans(_LIGATURES | _SYMBOLS)


class Unreadable(Exception):
    """A note that yields no text. ``reason`` is one of the reasons of :class:`fhir_coder.model.UnreadableNote`.

    ``detail`` says what was wrong in words of the format, never in words of the note.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class LabelledPart:
    """A part of a note, ``text[start:end]``, that its format labels."""

    start: int
    end: int
    labels: tuple[SecurityLabel, ...]


@dataclass(frozen=True, slots=True)
class NoteText:
    """Canonical text of one note, the sections its format declares, and warnings (about the format, never quoting the note).

    ``unread`` says which part of the note could not be read (scanned pages between pages of text), or is empty.
    ``labels`` are security labels that the format gives the whole note, ``labelled`` those of its parts; their systems are as they were written. ``title`` is
    the title that the format gives the whole, for judging it, or empty.
    """

    text: str
    hints: tuple[SectionHint, ...] = ()
    warnings: tuple[str, ...] = ()
    unread: str = ""
    labels: tuple[SecurityLabel, ...] = ()
    labelled: tuple[LabelledPart, ...] = ()
    title: str = ""


def canonical(text: str) -> str:
    """Make text canonical (see the module's docstring)."""
    text = _LINE_END.sub("\n", text)
    text = _SPACE.sub(" ", text).translate(_TYPOGRAPHY)
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", text))


def require_words(text: str) -> str:
    """Return the text if it holds a letter or digit.

    Raises:
        Unreadable: ``empty`` when it does not.
    """
    if not any(character.isalnum() for character in text):
        raise Unreadable("empty", "the note holds no letter or digit")
    return text
