"""What came of the decisions on a coding outside its review: what was to follow each, and what went to billing."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from fhir_coder.store.follow_up_tables import FollowUpRow
from fhir_coder.store.outbox_tables import OutboxRow
from fhir_coder.store.review_tables import ReviewRow
from fhir_coder.store.tables import CodedEncounterRow
from fhir_coder.worklist.following import Duty, FollowUp, Kind, Progress


@dataclass(frozen=True, slots=True)
class Sent:
    """One signed version at one destination. ``state`` is of :class:`fhir_coder.billing.outgoing.State`; moments are epoch seconds, 0 for not yet."""

    destination: str
    version: int
    control_id: str
    is_void: bool
    state: str
    created_s: int
    sent_s: int
    acknowledged_s: int
    detail: str


@dataclass(frozen=True, slots=True)
class Aftermath:
    """In the order in which it began."""

    follow_ups: tuple[FollowUp, ...] = ()
    sent: tuple[Sent, ...] = ()


class Aftermaths:
    """Over one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, tenant: str, coding_id: str) -> Aftermath:
        """What came of one coding of the tenant; nothing for one that is not there."""
        with Session(self._engine) as session:
            return Aftermath(_follow_ups(session, tenant, coding_id), _sent(session, tenant, coding_id))


def _follow_ups(session: Session, tenant: str, coding_id: str) -> tuple[FollowUp, ...]:
    row, review, coding = FollowUpRow, ReviewRow, CodedEncounterRow
    joined = select(row).join(review, row.review == review.key).join(coding, review.coded_encounter == coding.key)
    query = joined.where(row.tenant == tenant, review.tenant == tenant, coding.tenant == tenant, coding.id == coding_id)
    return tuple(
        FollowUp(
            one.key,
            coding_id,
            one.sequence,
            Duty(Kind(one.kind), one.target),
            Progress(one.progress),
            one.attempts,
            one.created_s,
            one.next_attempt_s,
            one.settled_s,
            one.detail,
            one.reference,
        )
        for one in session.scalars(query.order_by(row.sequence, row.key))
    )


def _sent(session: Session, tenant: str, coding_id: str) -> tuple[Sent, ...]:
    row = OutboxRow
    query = select(row).where(row.tenant == tenant, row.coding == coding_id).order_by(row.version, row.key)
    return tuple(
        Sent(
            one.destination,
            one.version,
            one.control_id,
            one.is_void,
            one.state,
            one.created_s,
            one.sent_s,
            one.acknowledged_s,
            one.detail,
        )
        for one in session.scalars(query)
    )
