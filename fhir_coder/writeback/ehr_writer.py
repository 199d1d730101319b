"""What write-back needs of the EHR's client and of its metadata; :class:`fhir_coder.ehr.client.EhrClient` is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from fhir_coder.exchange import Resource


class Offer(Protocol):
    """What the EHR's metadata offers. What it does not list is not used."""

    @property
    def transacts(self) -> bool:
        """Whether it takes transaction Bundles."""

    def can(self, resource_type: str, interaction: str, /) -> bool:
        """Whether the interaction (``read``, ``search-type``, ``create``, ``update``) is listed for the type."""

    def searches(self, resource_type: str, parameter: str, /) -> bool:
        """Whether the search parameter is listed for the type."""

    def may_search(self, resource_type: str, parameter: str, /) -> bool:
        """Whether a search by the parameter is worth trying: it is listed, or no parameter of the type is."""

    def conditional_create(self, resource_type: str, /) -> bool:
        """Whether If-None-Exist is honoured for the type."""


class EhrWriter(Protocol):
    """One EHR. Every method raises an EhrError when the EHR fails or refuses."""

    def capabilities(self) -> Offer:
        """What the metadata offers."""

    def search(self, resource_type: str, params: Mapping[str, str], /) -> Iterator[Resource]:
        """Resources that match, and with EHRs that ignore a parameter others too."""

    def read(self, resource_type: str, resource_id: str, /) -> Resource:
        """One resource. Raises ResourceUnknown or ResourceDeleted when it is not there."""

    def create_once(self, resource: Resource, if_none_exist: str | None = None, /) -> tuple[Resource, bool]:
        """The created (or, under a condition, the existing) resource with its id, and whether it is new."""

    def update(self, resource: Resource, if_match: str | None = None, /) -> Resource:
        """The updated resource. EhrRefused with ``ehr_status`` 412 when its version is no longer ``if_match``."""

    def transact(self, bundle: Resource, /) -> Resource:
        """The transaction-response to a transaction Bundle, one entry for each of its entries."""
