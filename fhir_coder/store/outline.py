"""A proposed resource without the places where words of a note could stand, for a store that has no key.

The proposal's own free text is release titles and our sentences; what is left out here is what FHIR offers for narrative.
"""

from __future__ import annotations

from typing import Any

from fhir_coder.exchange import Resource

FREE_TEXT = frozenset(
    {"note", "description", "comment", "data", "div", "contentString", "valueString", "valueMarkdown", "valueAnnotation", "valueAttachment"}
)
HASH_LENGTH = 64


def outline(resource: Resource) -> Resource:
    """A copy without narrative, annotations and free strings; the hashes in extensions stay."""
    return _outline({key: value for key, value in resource.items() if key != "text"})


def _outline(value: Any) -> Any:
    if isinstance(value, list):
        return [_outline(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _outline(item) for key, item in value.items() if key not in FREE_TEXT or _is_hash(item)}
    return {key: item for key, item in kept.items() if item not in ({}, [])}


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and len(value) == HASH_LENGTH and set(value) <= set("0123456789abcdef")
