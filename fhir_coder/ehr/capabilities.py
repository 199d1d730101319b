"""What an EHR's CapabilityStatement offers (http://hl7.org/fhir/R4/capabilitystatement.html). What it does not list is not used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fhir_coder.exchange import Resource


@dataclass(frozen=True, slots=True)
class TypeCapabilities:
    """What the EHR does with one resource type."""

    interactions: frozenset[str] = frozenset()
    search_params: frozenset[str] = frozenset()
    conditional_create: bool = False


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Capabilities by resource type."""

    types: Mapping[str, TypeCapabilities] = field(default_factory=dict)

    def can(self, resource_type: str, interaction: str) -> bool:
        """Whether the EHR lists the interaction (``read``, ``search-type``, ``create``, ``update``) for the type."""
        return interaction in self._of(resource_type).interactions

    def conditional_create(self, resource_type: str) -> bool:
        """Whether If-None-Exist is honoured for the type."""
        return self._of(resource_type).conditional_create

    def searches(self, resource_type: str, parameter: str) -> bool:
        """Whether the EHR lists the search parameter for the type."""
        return parameter in self._of(resource_type).search_params

    def _of(self, resource_type: str) -> TypeCapabilities:
        return self.types.get(resource_type, TypeCapabilities())


def read_capabilities(statement: Resource) -> Capabilities:
    """Capabilities of the ``server`` mode of a CapabilityStatement."""
    types: dict[str, TypeCapabilities] = {}
    for rest in statement.get("rest", ()):
        if rest.get("mode") == "server":
            types |= {one["type"]: _type_capabilities(one) for one in rest.get("resource", ())}
    return Capabilities(types)


def _type_capabilities(resource: Resource) -> TypeCapabilities:
    return TypeCapabilities(
        frozenset(one["code"] for one in resource.get("interaction", ())),
        frozenset(one["name"] for one in resource.get("searchParam", ())),
        bool(resource.get("conditionalCreate", False)),
    )
