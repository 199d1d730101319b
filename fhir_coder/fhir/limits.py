"""How large and how deep inbound FHIR may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """``max_bytes`` bounds the body, ``max_depth`` the nesting of JSON objects and arrays or of XML elements."""

    max_bytes: int = 20 * 1024 * 1024
    max_depth: int = 64


DEFAULT_LIMITS = Limits()
