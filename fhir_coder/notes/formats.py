"""From bytes to canonical text: picks the format file by content type.

A format is a module of this package with ``CONTENT_TYPES`` (media types in lower case) and ``read(data, charset) -> NoteText``; it is found
by being there, nothing is registered. Content types that Epic, Oracle Health and athenahealth send for notes are listed at
https://hl7.org/fhir/us/core/StructureDefinition-us-core-documentreference.html and in the vendors' documentation.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Protocol, cast

import fhir_coder.notes
from fhir_coder.notes.canonical import NoteText, Unreadable
from fhir_coder.notes.signatures import has_markup, recognise_file, recognise_markup

_MEDIA_TYPE = re.compile(r"[\w!#$&^.+*-]{1,80}/[\w!#$&^.+*-]{1,80}", re.ASCII)
_CHARSET = re.compile(r";\s*charset\s*=\s*(?:\"(?P<quoted>[^\"]{0,80})\"|'?(?P<bare>[^\s;\"']{1,80}))", re.IGNORECASE)
_UNTOLD = frozenset(
    {"", "application/octet-stream", "binary/octet-stream", "application/binary", "application/unknown", "unknown/unknown", "*/*"}
)
_HTML = frozenset({"text/html"})
_XHTML = frozenset({"application/xhtml+xml", "application/xhtml"})
_XML = frozenset({"application/xml", "text/xml"})
_BINARY = frozenset({"application/pdf", "application/x-pdf", "text/pdf"})
_KINDS = {"image": "an image", "audio": "a sound recording", "video": "a film", "application/dicom": "a DICOM image"}
_CONTAINERS = {
    "application/zip": "a zip archive or an office document (application/zip)",
    "application/gzip": "a compressed file (application/gzip)",
    "application/msword": "a binary office document (application/msword)",
}

__all__ = ["NoteFormat", "NoteText", "Unreadable", "content_types", "parse_content_type", "read_note"]


class NoteFormat(Protocol):
    """What a format module offers."""

    CONTENT_TYPES: frozenset[str]

    def read(self, data: bytes, charset: str) -> NoteText:
        """Read one note. ``charset`` is the content type's parameter or empty."""
        ...


def read_note(data: bytes, content_type: str) -> NoteText:
    """Read a note into canonical text.

    The bytes outrank their declaration where they are unmistakable (:mod:`.signatures`): a PDF declared as plain text is read as a PDF, with
    a warning. Bytes declared as nothing in particular (no type, ``application/octet-stream``) are read as what they are, else as plain text.

    Args:
        data: the bytes of the attachment.
        content_type: its media type, with or without parameters, any case.

    Raises:
        Unreadable: no format reads this type (``unsupported-type``), it is an image or a recording (``not-text``), or the format found no
            text (see there).
    """
    media_type, charset = parse_content_type(content_type)
    actual = _actual_type(data, media_type)
    reader = _formats().get(actual)
    if reader is None:
        raise _unread(media_type, actual)
    note = reader.read(data, charset)
    if reader is _formats().get(media_type) or _is_family(media_type, actual):
        return note
    warning = f"declared as {media_type}, read as {actual}" if media_type else f"declared without a type, read as {actual}"
    return replace(note, warnings=(*note.warnings, warning))


def content_types() -> tuple[str, ...]:
    """Every media type that can be read, sorted."""
    return tuple(sorted(_formats()))


@cache
def _formats() -> Mapping[str, NoteFormat]:
    found: dict[str, NoteFormat] = {}
    for module_info in pkgutil.iter_modules(fhir_coder.notes.__path__):
        module = import_module(f"{fhir_coder.notes.__name__}.{module_info.name}")
        for media_type in getattr(module, "CONTENT_TYPES", ()):
            if media_type in found:
                raise ValueError(f"two formats read {media_type}")
            found[media_type] = cast(NoteFormat, module)
    return MappingProxyType(found)


def parse_content_type(content_type: str) -> tuple[str, str]:
    """Media type in lower case, and the value of its charset parameter or empty. What does not look like a media type is empty."""
    media_type = content_type.partition(";")[0].strip().lower()
    charset = _CHARSET.search(content_type)
    label = (charset["quoted"] or charset["bare"] or "").strip() if charset else ""
    return media_type if _MEDIA_TYPE.fullmatch(media_type) else "", label


def _actual_type(data: bytes, media_type: str) -> str:
    """The type to read the bytes as."""
    file_type = recognise_file(data)
    if file_type:
        return file_type
    if media_type in _UNTOLD:
        return recognise_markup(data) or "text/plain"
    if media_type in _formats() and media_type not in _BINARY:
        found = recognise_markup(data)
        if found and not (found == "text/html" and media_type in _XHTML):
            return found
        if media_type == "text/html" and b"\n" in data.strip() and not has_markup(data):
            return "text/plain"
    return media_type


def _is_family(media_type: str, actual: str) -> bool:
    """Declarations that are not wrong: HTML and XHTML are labelled as each other, and both as XML."""
    return (media_type in _HTML or media_type in _XML) and actual in _XHTML


def _unread(media_type: str, actual: str) -> Unreadable:
    """Why a type is not read, in words of the type."""
    declared = f", though declared as {media_type}" if media_type and media_type != actual and media_type not in _UNTOLD else ""
    kind = _KINDS.get(actual) or _KINDS.get(actual.partition("/")[0])
    if kind is not None:
        return Unreadable("not-text", f"{kind} ({actual}){declared}")
    return Unreadable("unsupported-type", f"{_CONTAINERS.get(actual, actual)}{declared}")
