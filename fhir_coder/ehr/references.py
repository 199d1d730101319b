"""FHIR references as identities: which resource a Reference names, and whether two of them can be the same.

An absolute reference counts by its end: callers name the EHR by its public URL where our configuration may have another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

from fhir_coder.exchange import Resource

Token = tuple[str, str]
"""A business identifier: its system, or empty, and its value."""

URI_SYSTEM = "urn:ietf:rfc:3986"

_LITERAL = re.compile(r"(?:^|/)(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?$", re.ASCII)


def literal(reference: Any, resource_type: str = "") -> str:
    """``Type/id`` of a Reference, relative or absolute, without a version; empty for contained, logical and ``urn:`` references.

    With ``resource_type`` only a reference to that type counts.
    """
    text = reference.get("reference", "") if isinstance(reference, dict) else ""
    match = None if text.startswith(("#", "urn:")) else _LITERAL.search(text)
    return f"{match['type']}/{match['id']}" if match and match["type"] == (resource_type or match["type"]) else ""


def address_of(resource: Resource) -> str:
    """``Type/id`` of a resource, or empty when it has no id."""
    return f"{resource['resourceType']}/{resource['id']}" if resource.get("id") else ""


def id_of(address: str) -> str:
    """The id in ``Type/id``."""
    return address.partition("/")[2]


def is_other(reference: Any, address: str) -> bool:
    """Whether a Reference certainly names another resource than ``address``; what cannot be compared is not."""
    named = literal(reference)
    return bool(named and address and named != address)


def codings(concept: Any) -> list[Resource]:
    """The codings of a CodeableConcept, which may be absent."""
    return list(concept.get("coding", ())) if isinstance(concept, dict) else []


def tokens_of(resource: Resource) -> Iterator[Token]:
    """The business identifiers of a resource, the version-independent ones and a document's own (``masterIdentifier``)."""
    for one in (resource.get("masterIdentifier"), *_listed(resource.get("identifier"))):
        if isinstance(one, dict) and one.get("value"):
            yield one.get("system", ""), one["value"]


def logical(reference: Any) -> Token | None:
    """The business identifier by which a Reference names its resource: a logical reference, a conditional one as transactions carry
    (``Practitioner?identifier=system|value``), or a URN (http://hl7.org/fhir/R4/references.html#logical); else None."""
    if not isinstance(reference, dict):
        return None
    text = reference.get("reference", "")
    if text.startswith("urn:"):
        return URI_SYSTEM, text
    if "?" in text:
        system, _, value = next(iter(parse_qs(text.partition("#")[0].partition("?")[2]).get("identifier", ())), "").rpartition("|")
        return (system, value) if value else None
    return next(tokens_of({"identifier": [reference.get("identifier")]}), None)


def _listed(value: Any) -> list[Any]:
    """An element that some types repeat and others do not."""
    return value if isinstance(value, list) else [value]
