"""Plain text notes: decoded and made canonical, otherwise untouched."""

from __future__ import annotations

from fhir_coder.notes.canonical import NoteText, canonical, require_words
from fhir_coder.notes.charsets import decode

CONTENT_TYPES = frozenset({"text/plain", "text/markdown", "text/x-markdown"})


def read(data: bytes, charset: str) -> NoteText:
    """Read plain text. Headings are left for the reading stage to find.

    Raises:
        Unreadable: ``empty``, ``undecodable`` or ``too-long``.
    """
    decoded = decode(data, charset)
    text = require_words(canonical(decoded.text))
    return NoteText(text, warnings=(decoded.warning,) if decoded.warning else ())
