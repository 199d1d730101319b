"""The elements that R4 requires (minimum 1) of the resources that are proposed, in their backbone elements and data types too.

Source: the StructureDefinitions of http://hl7.org/fhir/R4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "Condition": ("subject",),
    "Claim": ("status", "type", "use", "patient", "created", "provider", "priority", "insurance"),
    "Claim.accident": ("date",),
    "Claim.careTeam": ("sequence", "provider"),
    "Claim.diagnosis": ("sequence", "diagnosis[x]"),
    "Claim.insurance": ("sequence", "focal", "coverage"),
    "Claim.item": ("sequence", "productOrService"),
    "Claim.payee": ("type",),
    "Claim.procedure": ("sequence", "procedure[x]"),
    "Claim.supportingInfo": ("sequence", "category"),
    "Device.deviceName": ("name", "type"),
    "Device.property": ("type",),
    "Device.specialization": ("systemType",),
    "Device.version": ("value",),
    "Provenance": ("target", "recorded", "agent"),
    "Provenance.agent": ("who",),
    "Provenance.entity": ("role", "what"),
    "Task": ("status", "intent"),
    "Task.input": ("type", "value[x]"),
    "Task.output": ("type", "value[x]"),
}
EXTENSIONS = frozenset({"extension", "modifierExtension"})


def lacking(resource: Mapping[str, Any]) -> Iterator[str]:
    """The paths of required elements that are not there, in the resource and in those that it contains."""
    yield from _lacking(resource, str(resource.get("resourceType")))


def _lacking(value: Any, path: str) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, Mapping):
            continue
        here = str(one.get("resourceType", path))
        yield from (f"{here}.{name}" for name in _needed(one, here) if not _has(one, name))
        for name, inner in one.items():
            yield from _lacking(inner, f"{here}.{name}")


def _needed(element: Mapping[str, Any], path: str) -> tuple[str, ...]:
    """Of an extension its url, and a value where it holds no others (ext-1)."""
    if path.rpartition(".")[2] in EXTENSIONS:
        return ("url",) if "extension" in element else ("url", "value[x]")
    return REQUIRED.get(path, ())


def _has(element: Mapping[str, Any], name: str) -> bool:
    """``[x]`` stands for the type of a choice."""
    stem = name.removesuffix("[x]")
    return name in element or (stem != name and any(one.startswith(stem) and one[len(stem) :][:1].isupper() for one in element))
