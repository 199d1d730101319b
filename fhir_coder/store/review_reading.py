"""What a review begins with: the codes of its coding, read without opening a word."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fhir_coder.model import Outcome
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.review_rows import recorded_of
from fhir_coder.store.review_tables import ReviewDecisionRow, ReviewRow
from fhir_coder.store.tables import AssignmentRow, CodedEncounterRow, EvidenceRow, Part, RejectionRow
from fhir_coder.worklist.decision import Recorded, Span
from fhir_coder.worklist.review import Proposed, ProposedCode, TurnedDown


def proposed_of(session: Session, coding: CodedEncounterRow) -> Proposed:
    """The proposal of a coding. Columns are read, no objects: this is done at every decision."""
    evidence, assigned, left = EvidenceRow, AssignmentRow, RejectionRow
    spans: defaultdict[tuple[str, int], list[Span]] = defaultdict(list)
    places = (evidence.owner, evidence.owner_position, evidence.note_id, evidence.start, evidence.end, evidence.sha256)
    for owner, position, *span in _parts(session, coding, evidence, *places):
        spans[owner, position].append(Span(*span))
    codes = _parts(
        session, coding, assigned, assigned.position, assigned.code, assigned.display, assigned.probability, assigned.disposition
    )
    rejected = _parts(session, coding, left, left.position, left.code, left.display, left.reason, left.probability)
    return Proposed(
        coding.id,
        tuple(
            ProposedCode(code, display, probability, Outcome(disposition), tuple(spans["assignment", position]))
            for position, code, display, probability, disposition in codes
        ),
        tuple(
            TurnedDown(code, display, reason, probability, tuple(spans["rejection", position]))
            for position, code, display, reason, probability in rejected
        ),
        Outcome(coding.disposition),
    )


def history_of(session: Session, review: ReviewRow, cipher: Cipher) -> tuple[Recorded, ...]:
    """Every decision on a review, oldest first."""
    row = ReviewDecisionRow
    query = select(row).where(row.tenant == review.tenant, row.review == review.key).order_by(row.sequence)
    return tuple(recorded_of(one, cipher) for one in session.scalars(query))


def _parts(session: Session, coding: CodedEncounterRow, kind: type[Part], *columns: Any) -> Sequence[Any]:
    query = select(*columns).where(kind.tenant == coding.tenant, kind.coded_encounter == coding.key)
    return session.execute(query.order_by(kind.position, kind.key)).all()
