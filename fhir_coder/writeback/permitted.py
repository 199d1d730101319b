"""What the EHR offers, less what the caller's token does not allow: write-back treats both alike and writes what is left."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from fhir_coder.writeback.ehr_writer import Offer


@dataclass(frozen=True, slots=True)
class PermittedOffer:
    """An offer without the ``withheld`` pairs of resource type and interaction."""

    offer: Offer
    withheld: Collection[tuple[str, str]]

    @property
    def transacts(self) -> bool:
        """As the EHR's."""
        return self.offer.transacts

    def can(self, resource_type: str, interaction: str, /) -> bool:
        """Whether the interaction is listed for the type and not withheld."""
        return (resource_type, interaction) not in self.withheld and self.offer.can(resource_type, interaction)

    def searches(self, resource_type: str, parameter: str, /) -> bool:
        """As the EHR's."""
        return self.offer.searches(resource_type, parameter)

    def may_search(self, resource_type: str, parameter: str, /) -> bool:
        """As the EHR's."""
        return self.offer.may_search(resource_type, parameter)

    def conditional_create(self, resource_type: str, /) -> bool:
        """As the EHR's."""
        return self.offer.conditional_create(resource_type)
