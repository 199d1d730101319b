"""What the worklist needs of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from fhir_coder.billing.outgoing import State as BillingState
from fhir_coder.store.worklist import Filters, Page, Sort, WorklistLine
from fhir_coder.store.worklist_views import SavedView
from fhir_coder.worklist.decision import Someone


class Lists(Protocol):
    """What this needs of :class:`fhir_coder.store.worklist.Worklist`."""

    def lines(self, tenant: str, filters: Filters = ..., sort: Sort = ..., page: Page = ...) -> tuple[WorklistLine, ...]:
        """One page of the list."""

    def count(self, tenant: str, filters: Filters = ...) -> int:
        """How many lines there are."""

    def newest(self, tenant: str, filters: Filters = ...) -> datetime | None:
        """When the newest was coded."""


class Views(Protocol):
    """What this needs of :class:`fhir_coder.store.worklist_views.WorklistViews`."""

    @property
    def can_keep(self) -> bool:
        """Whether views are kept."""

    def of(self, tenant: str, person: Someone) -> tuple[SavedView, ...]:
        """What a person may choose from."""


class Choices(Protocol):
    """What this needs of :class:`fhir_coder.store.worklist_choices.WorklistChoices`."""

    def reasons(self, tenant: str) -> tuple[str, ...]:
        """Reasons for review."""

    def ehrs(self, tenant: str) -> tuple[str, ...]:
        """EHRs."""

    def people(self, tenant: str) -> tuple[Someone, ...]:
        """People."""


class BillingStates(Protocol):
    """What this needs of :class:`fhir_coder.store.outbox_states.OutboxStates`."""

    def of(self, tenant: str, codings: Sequence[str]) -> Mapping[str, BillingState]:
        """Where codings stand with billing."""


@dataclass(frozen=True, slots=True)
class WorklistStores:
    """Where lists come from."""

    lists: Lists
    views: Views
    choices: Choices
    billing: BillingStates
