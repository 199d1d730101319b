"""Whether somebody has seen what was coded for an encounter: by their decisions, and by the audit, in which every look at a coding stands."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fhir_coder.audit.entry import Success
from fhir_coder.audit.fhir_event import ACCOUNT
from fhir_coder.audit.verification import detail_of
from fhir_coder.store.audit_tables import AuditEventRow
from fhir_coder.store.review_rows import utc
from fhir_coder.store.review_tables import ReviewDecisionRow, ReviewRow
from fhir_coder.store.second_review_tables import SecondReviewRow
from fhir_coder.store.tables import CodedEncounterRow
from fhir_coder.worklist.decision import Someone

SHOWS_CODES = (
    "read-coding",
    "read-history",
    "read-second-review",
    "code-encounter",
    "write-back",
    "check-coding",
    "decide",
    "sign-off",
    "override",
)
"""Events after which a person knows codes of the encounter that they are about."""
REPORT = "second-review-report"
"""The event of reading what second reviews of a span of days found: it names no encounter, and shows codes of each that was done by then."""


def has_seen(session: Session, coding: CodedEncounterRow, person: Someone) -> bool:
    """Whether the person has decided on the coding or was shown any coding of its encounter."""
    if _has_decided(session, coding, person):
        return True
    return any(_is_about(event, coding) for event in _looks(session, coding, person)) or _has_read_report(session, coding, person)


def _has_decided(session: Session, coding: CodedEncounterRow, person: Someone) -> bool:
    row, review = ReviewDecisionRow, ReviewRow
    query = select(row.key).join(review, row.review == review.key).where(row.tenant == coding.tenant, review.tenant == coding.tenant)
    query = query.where(review.coded_encounter == coding.key, row.person_id == person.id, row.person_issuer == person.issuer)
    return session.scalar(query.limit(1)) is not None


def _looks(session: Session, coding: CodedEncounterRow, person: Someone) -> Iterator[Mapping[str, Any]]:
    """What the person was shown of the patient."""
    row = AuditEventRow
    query = select(row.content).where(row.tenant == coding.tenant, row.patient == coding.patient_reference, row.event.in_(SHOWS_CODES))
    named = coding.encounter_reference or coding.id
    return _by(person, session.scalars(query.where(row.content.contains(named, autoescape=True))))


def _has_read_report(session: Session, coding: CodedEncounterRow, person: Someone) -> bool:
    """Whether a report told the person of an earlier second review of the encounter. Since the encounter was drawn again no report does."""
    drawn, done = _earlier(session, coding)
    if not done:
        return False
    row = AuditEventRow
    query = select(row.content).where(row.tenant == coding.tenant, row.event == REPORT, row.patient.in_(("", coding.patient_reference)))
    for event in _by(person, session.scalars(query.where(row.content.contains(person.id, autoescape=True)))):
        read_at, span = datetime.fromisoformat(event["recorded"]), detail_of(event, "span")
        if read_at <= drawn and any(one <= read_at and _lies_in(one.date(), span) for one in done):
            return True
    return False


def _earlier(session: Session, coding: CodedEncounterRow) -> tuple[datetime, list[datetime]]:
    """When the coding was drawn, and when other second reviews of its encounter were done."""
    row, other = SecondReviewRow, CodedEncounterRow
    drawn = session.scalar(select(row.drawn_at).where(row.tenant == coding.tenant, row.coded_encounter == coding.key))
    if drawn is None or not coding.encounter_reference:
        return datetime.max.replace(tzinfo=UTC), []
    query = select(row.completed_at).join(other, row.coded_encounter == other.key)
    query = query.where(row.tenant == coding.tenant, other.tenant == coding.tenant, row.completed_at.is_not(None))
    query = query.where(other.ehr == coding.ehr, other.encounter_reference == coding.encounter_reference, other.key != coding.key)
    return utc(drawn), [utc(one).replace(microsecond=0) for one in session.scalars(query) if one]


def _lies_in(day: date, span: str) -> bool:
    """Whether a day is in a span as the event of a report tells it, both ends included."""
    since, _, until = span.partition("/")
    return since <= day.isoformat() <= until


def _by(person: Someone, contents: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """The events of what the person did and was not refused."""
    for content in contents:
        event = json.loads(content)
        asking: Mapping[str, Any] = next((one for one in event.get("agent", ()) if one.get("requestor")), {})
        who = asking.get("who", {}).get("identifier", {})
        if event.get("outcome") == Success.DONE.value and (who.get("value"), who.get("system")) == (person.id, _system(person.issuer)):
            yield event


def _system(issuer: str) -> str:
    """As events name an issuer (:mod:`fhir_coder.audit.fhir_event`)."""
    return issuer.replace(" ", "") or ACCOUNT


def _is_about(event: Mapping[str, Any], coding: CodedEncounterRow) -> bool:
    references = {one.get("what", {}).get("reference", "") for one in event.get("entity", ())} - {""}
    return coding.encounter_reference in references or detail_of(event, "coding") == coding.id
