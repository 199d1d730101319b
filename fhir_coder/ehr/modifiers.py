"""Modifier extensions: what changes the meaning of an element in a way that only who knows the extension can tell.

None is known here, and none may be passed over (http://hl7.org/fhir/R4/extensibility.html#modifierExtension).
"""

from __future__ import annotations

from typing import Any

from fhir_coder.errors import Uncodable
from fhir_coder.exchange import Resource

NAME = "modifierExtension"


def modifier_in(resource: Resource) -> str:
    """Where the first one stands, as a path from the resource's type; empty where there is none."""
    return _first(resource, resource["resourceType"])


def refuse_modified(resource: Resource) -> None:
    """Raises Uncodable for a resource that means something else than it says, as far as anybody here can tell."""
    if place := modifier_in(resource):
        raise Uncodable(f"the {resource['resourceType']} has a modifier extension that is not understood here", expression=(place,))


def _first(value: Any, path: str) -> str:
    if isinstance(value, list):
        return next((found for place, one in enumerate(value) if (found := _first(one, f"{path}[{place}]"))), "")
    if not isinstance(value, dict):
        return ""
    if NAME in value:
        return f"{path}.{NAME}"
    return next((found for name, one in value.items() if (found := _first(one, f"{path}.{name}"))), "")
