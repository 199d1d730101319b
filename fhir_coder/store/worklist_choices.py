"""What a practice's worklist can be narrowed to: reasons and EHRs of what is open, and the people who have worked on it."""

from __future__ import annotations

from sqlalchemy import Engine, func, or_, select
from sqlalchemy.orm import Session

from fhir_coder.store.cipher import Cipher
from fhir_coder.store.review_tables import ReviewDecisionRow, ReviewRow
from fhir_coder.store.tables import CodedEncounterRow, ReasonRow
from fhir_coder.worklist.decision import SOFTWARE, Someone
from fhir_coder.worklist.review import State

_OPEN = (State.WAITING.value, State.HELD.value)


class WorklistChoices:
    """Over one database."""

    def __init__(self, engine: Engine, cipher: Cipher) -> None:
        self._engine = engine
        self._cipher = cipher

    def reasons(self, tenant: str) -> tuple[str, ...]:
        """Codes of why open reviews go to review, in order."""
        review, reason = ReviewRow, ReasonRow
        query = select(reason.code).distinct().join(review, review.coded_encounter == reason.coded_encounter)
        query = query.where(review.tenant == tenant, reason.tenant == tenant, review.superseded_by == "", review.state.in_(_OPEN))
        with Session(self._engine) as session:
            return tuple(sorted(session.scalars(query)))

    def ehrs(self, tenant: str) -> tuple[str, ...]:
        """EHRs that open reviews come from, in order; what came from none is left out."""
        review, coding = ReviewRow, CodedEncounterRow
        query = select(coding.ehr).distinct().join(review, review.coded_encounter == coding.key)
        query = query.where(review.tenant == tenant, coding.tenant == tenant, review.superseded_by == "", review.state.in_(_OPEN))
        with Session(self._engine) as session:
            return tuple(sorted(filter(None, session.scalars(query))))

    def people(self, tenant: str) -> tuple[Someone, ...]:
        """Everybody who decided something or is assigned a review, under the name that they went by last, in order of it."""
        made, review = ReviewDecisionRow, ReviewRow
        newest = select(func.max(made.key)).where(
            made.tenant == tenant, or_(made.person_id != SOFTWARE.id, made.person_issuer != SOFTWARE.issuer)
        )
        newest = newest.group_by(made.person_id, made.person_issuer)
        decided = select(made.person_id, made.person_issuer, made.person_name).where(made.tenant == tenant, made.key.in_(newest))
        last = select(func.max(review.key)).where(review.tenant == tenant, review.assigned_id != "")
        last = last.group_by(review.assigned_id, review.assigned_issuer)
        assigned = select(review.assigned_id, review.assigned_issuer, review.assigned_name)
        assigned = assigned.where(review.tenant == tenant, review.key.in_(last))
        with Session(self._engine) as session:
            rows = [*session.execute(assigned), *session.execute(decided)]  # names of those who were here themselves win
        found = {(row[0], row[1]): Someone(row[0], row[1], self._cipher.open(row[2])) for row in rows}
        return tuple(sorted(found.values(), key=lambda one: ((one.name or one.id).casefold(), one.id, one.issuer)))
