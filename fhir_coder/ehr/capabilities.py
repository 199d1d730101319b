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
    """Capabilities by resource type; ``transacts``: the EHR takes transaction Bundles."""

    types: Mapping[str, TypeCapabilities] = field(default_factory=dict)
    transacts: bool = False

    def can(self, resource_type: str, interaction: str) -> bool:
        """Whether the EHR lists the interaction (``read``, ``search-type``, ``create``, ``update``) for the type."""
        return interaction in self._of(resource_type).interactions

    def conditional_create(self, resource_type: str) -> bool:
        """Whether If-None-Exist is honoured for the type."""
        return self._of(resource_type).conditional_create

    def searches(self, resource_type: str, parameter: str) -> bool:
        """Whether the EHR lists the search parameter for the type."""
        return parameter in self._of(resource_type).search_params

    def searched(self, resource_type: str) -> frozenset[str]:
        """The search parameters that the EHR lists for the type."""
        return self._of(resource_type).search_params

    def may_search(self, resource_type: str, parameter: str) -> bool:
        """Whether a search by the parameter is worth trying: it is listed, or the EHR lists no parameter of the type at all."""
        known = self._of(resource_type)
        return "search-type" in known.interactions and (not known.search_params or parameter in known.search_params)

    def _of(self, resource_type: str) -> TypeCapabilities:
        return self.types.get(resource_type, TypeCapabilities())


def read_capabilities(statement: Resource) -> Capabilities:
    """Capabilities of the ``server`` mode of a CapabilityStatement. An element that is there as an extension only says nothing."""
    types: dict[str, TypeCapabilities] = {}
    transacts = False
    for rest in statement.get("rest", ()):
        if rest.get("mode") == "server":
            shared = _names(rest)
            types |= {one["type"]: _type_capabilities(one, shared) for one in rest.get("resource", ()) if "type" in one}
            transacts |= any(one.get("code") == "transaction" for one in rest.get("interaction", ()))
    return Capabilities(types, transacts)


def _type_capabilities(resource: Resource, shared: frozenset[str]) -> TypeCapabilities:
    """``shared`` are the parameters that the statement lists for every type (``rest.searchParam``); they say nothing of a type that lists none."""
    own = _names(resource)
    return TypeCapabilities(
        frozenset(one["code"] for one in resource.get("interaction", ()) if "code" in one),
        own | shared if own else own,
        bool(resource.get("conditionalCreate", False)),
    )


def _names(element: Resource) -> frozenset[str]:
    return frozenset(one["name"] for one in element.get("searchParam", ()) if "name" in one)
