"""Whether somebody has seen what was coded for an encounter: by their decisions, and by the audit, in which every look at a coding stands."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fhir_coder.audit.entry import Success
from fhir_coder.audit.fhir_event import ACCOUNT
from fhir_coder.audit.verification import detail_of
from fhir_coder.store.audit_tables import AuditEventRow
from fhir_coder.store.review_tables import ReviewDecisionRow, ReviewRow
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


def has_seen(session: Session, coding: CodedEncounterRow, person: Someone) -> bool:
    """Whether the person has decided on the coding or was shown any coding of its encounter."""
    return _has_decided(session, coding, person) or any(_is_about(event, coding) for event in _looks(session, coding, person))


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
    for content in session.scalars(query.where(row.content.contains(named, autoescape=True))):
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
