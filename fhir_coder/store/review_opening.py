"""A review is opened in the transaction that saves its coding: no coding is without one."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fhir_coder.exchange import CodingResult
from fhir_coder.model import Outcome
from fhir_coder.outcomes.specialty import specialty_of
from fhir_coder.store.review_rows import rank
from fhir_coder.store.review_tables import ReviewRow
from fhir_coder.store.tables import CodedEncounterRow
from fhir_coder.worklist.review import State


def open_review(session: Session, coding: CodedEncounterRow, result: CodingResult) -> None:
    """Add the review of a coding. Open reviews of earlier codings of its encounter are superseded: what was signed stays."""
    disposition = result.disposition
    codes = [one.code for one in disposition.report.coded.assignments]
    session.add(
        ReviewRow(
            tenant=coding.tenant,
            coded_encounter=coding.key,
            state=(State.PASSED if disposition.outcome is Outcome.PASS else State.WAITING).value,
            version=0,
            is_touched=False,
            superseded_by="",
            supersedes=_supersede(session, coding) if coding.encounter_reference else "",
            provider=result.intake.encounter.provider.replace("\0", "")[:255],
            specialty=specialty_of(result.intake),
            severity=rank(one.severity for one in disposition.report.shown),
            code_count=len(codes),
            codes=codes,
            reasons=list(dict.fromkeys(one.code for one in disposition.reasons)),
            hold_reason="",
            assigned_id="",
            assigned_issuer="",
            assigned_name=None,
            signed_at=None,
            holder_id="",
            holder_issuer="",
            holder_name=None,
            locked_until_s=0,
            changed_at=coding.created_at,
        )
    )


def _supersede(session: Session, coding: CodedEncounterRow) -> str:
    """Mark what the coding supersedes; the id of the last that a person had touched, or empty."""
    row, review = CodedEncounterRow, ReviewRow
    same = (row.tenant == coding.tenant, row.ehr == coding.ehr, row.encounter_reference == coding.encounter_reference, row.key < coding.key)
    is_open = (review.tenant == coding.tenant, review.superseded_by == "", review.state != State.SIGNED.value)
    joined = select(row.id, review.key, review.is_touched, review.supersedes).join(review, review.coded_encounter == row.key)
    found = session.execute(joined.where(*same, *is_open).order_by(row.key.desc())).all()
    keys = [one.key for one in found]
    if keys:
        session.execute(update(review).where(review.tenant == coding.tenant, review.key.in_(keys)).values(superseded_by=coding.id))
    return next((one.id if one.is_touched else one.supersedes for one in found if one.is_touched or one.supersedes), "")
