"""From bytes to canonical text: picks the format file by content type.

A format is a module of this package with ``CONTENT_TYPES`` (media types in lower case) and ``read(data, charset) -> NoteText``; it is found
by being there, nothing is registered. Content types that Epic, Oracle Health and athenahealth send for notes are listed at
https://hl7.org/fhir/us/core/StructureDefinition-us-core-documentreference.html and in the vendors' documentation.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from email.message import Message
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Protocol, cast

import fhir_coder.notes
from fhir_coder.notes.canonical import NoteText, Unreadable

__all__ = ["NoteFormat", "NoteText", "Unreadable", "content_types", "read_note"]


class NoteFormat(Protocol):
    """What a format module offers."""

    CONTENT_TYPES: frozenset[str]

    def read(self, data: bytes, charset: str) -> NoteText:
        """Read one note. ``charset`` is the content type's parameter or empty."""
        ...


def read_note(data: bytes, content_type: str) -> NoteText:
    """Read a note into canonical text.

    Args:
        data: the bytes of the attachment.
        content_type: its media type, with or without parameters, any case.

    Raises:
        Unreadable: no format reads this type (``unsupported-type``), or the format found no text (``undecodable``, ``malformed``, ``empty``).
    """
    media_type, charset = _media_type(content_type)
    reader = _formats().get(media_type)
    if reader is None:
        raise Unreadable("unsupported-type", media_type or "no content type")
    return reader.read(data, charset)


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


def _media_type(content_type: str) -> tuple[str, str]:
    header = Message()
    header["Content-Type"] = " ".join(content_type.split())
    media_type = content_type.partition(";")[0].strip().lower()
    charset = header.get_param("charset", "")
    return media_type, charset if isinstance(charset, str) else ""
