"""FHIR references as identities: which resource a Reference names, and whether two of them can be the same.

An absolute reference counts by its end: callers name the EHR by its public URL where our configuration may have another.
"""

from __future__ import annotations

import re
from typing import Any

from fhir_coder.exchange import Resource

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
