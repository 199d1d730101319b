"""Codings whose encounter waits for a second review: lists show no code of them, or who reads a list could not code them a second time any more."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from fhir_coder.store.second_review_tables import SecondReviewRow
from fhir_coder.store.second_reviews import SecondState
from fhir_coder.store.tables import CodedEncounterRow


def awaiting_second(session: Session, tenant: str, codings: Sequence[CodedEncounterRow]) -> frozenset[int]:
    """The keys of those of the codings whose encounter waits, whichever coding of it was drawn."""
    row, coding = SecondReviewRow, CodedEncounterRow
    query = select(coding.key, coding.ehr, coding.encounter_reference).join(row, row.coded_encounter == coding.key)
    query = query.where(row.tenant == tenant, coding.tenant == tenant, row.state == SecondState.WAITING.value)
    named = {one.encounter_reference for one in codings if one.encounter_reference}
    waiting = session.execute(query.where(coding.encounter_reference.in_(named) | coding.key.in_([one.key for one in codings]))).all()
    keys = {one.key for one in waiting}
    encounters = {(one.ehr, one.encounter_reference) for one in waiting if one.encounter_reference}
    return frozenset(one.key for one in codings if one.key in keys or (one.ehr, one.encounter_reference) in encounters)


def waits_for_second(tenant: str) -> ColumnElement[bool]:
    """The same of the coding of each row of a query, for the database to tell."""
    row, drawn, coding = SecondReviewRow, aliased(CodedEncounterRow), CodedEncounterRow
    is_same_encounter = (
        (drawn.encounter_reference != "") & (drawn.encounter_reference == coding.encounter_reference) & (drawn.ehr == coding.ehr)
    )
    query = select(row.key).join(drawn, row.coded_encounter == drawn.key).where(row.tenant == tenant, drawn.tenant == tenant)
    query = query.where(row.state == SecondState.WAITING.value, (drawn.key == coding.key) | is_same_encounter)
    return query.correlate(coding).exists()
