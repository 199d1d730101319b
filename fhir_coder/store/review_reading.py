"""What a review begins with: the codes of its coding, read without opening a word."""

from __future__ import annotations

from collections import defaultdict
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from fhir_coder.model import Outcome
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.review_rows import recorded_of
from fhir_coder.store.review_tables import ReviewDecisionRow, ReviewRow
from fhir_coder.store.tables import AssignmentRow, CodedEncounterRow, EvidenceRow, Part, RejectionRow
from fhir_coder.worklist.decision import Recorded, Span
from fhir_coder.worklist.review import Proposed, ProposedCode, TurnedDown

P = TypeVar("P", bound=Part)


def proposed_of(session: Session, coding: CodedEncounterRow) -> Proposed:
    """The proposal of a coding."""
    spans: defaultdict[tuple[str, int], tuple[Span, ...]] = defaultdict(tuple)
    for one in _parts(session, coding, EvidenceRow):
        spans[one.owner, one.owner_position] += (Span(one.note_id, one.start, one.end, one.sha256),)
    return Proposed(
        coding.id,
        tuple(
            ProposedCode(one.code, one.display, one.probability, Outcome(one.disposition), spans["assignment", one.position])
            for one in _parts(session, coding, AssignmentRow)
        ),
        tuple(
            TurnedDown(one.code, one.display, one.reason, one.probability, spans["rejection", one.position])
            for one in _parts(session, coding, RejectionRow)
        ),
        Outcome(coding.disposition),
    )


def history_of(session: Session, review: ReviewRow, cipher: Cipher) -> tuple[Recorded, ...]:
    """Every decision on a review, oldest first."""
    row = ReviewDecisionRow
    query = select(row).where(row.tenant == review.tenant, row.review == review.key).order_by(row.sequence)
    return tuple(recorded_of(one, cipher) for one in session.scalars(query))


def _parts(session: Session, coding: CodedEncounterRow, kind: type[P]) -> list[P]:
    query = select(kind).where(kind.tenant == coding.tenant, kind.coded_encounter == coding.key).order_by(kind.position, kind.key)
    return list(session.scalars(query))
