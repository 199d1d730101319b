"""The coding of an encounter that came before another: what its review held, and which notes it had read. No words are opened for it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, aliased

from fhir_coder.store.records import EarlierCoding, NoteMark, StoredEncounter
from fhir_coder.store.review_tables import ReviewRow
from fhir_coder.store.tables import AssignmentRow, CodedEncounterRow, NoteRow


def coded_before(session: Session, tenant: str, keys: Collection[int]) -> set[int]:
    """Of a tenant's codings those whose encounter was coded before, by key; none of an encounter without a reference or of an upload."""
    row, other = CodedEncounterRow, aliased(CodedEncounterRow)
    same = (other.ehr == row.ehr, other.encounter_reference == row.encounter_reference, other.key < row.key)
    before = select(other.key).where(other.tenant == tenant, *same)
    known = (row.key.in_(keys), row.encounter_reference != "", ~row.is_uploaded)
    return set(session.scalars(select(row.key).where(row.tenant == tenant, *known, before.exists())))


class EarlierCodings:
    """Over one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def before(self, coding: StoredEncounter) -> EarlierCoding | None:
        """The one right before, of the same encounter at the same EHR; None for a first coding, and for one without a reference or of an upload."""
        if not coding.encounter_reference or coding.is_uploaded:
            return None
        row, review = CodedEncounterRow, ReviewRow
        own = select(row.key).where(row.tenant == coding.tenant, row.id == coding.id).scalar_subquery()
        same = (row.ehr == coding.ehr, row.encounter_reference == coding.encounter_reference, row.key < own)
        query = select(row.key, row.id, row.created_at, review.codes).join(review, review.coded_encounter == row.key)
        newest = query.where(row.tenant == coding.tenant, review.tenant == coding.tenant, *same).order_by(row.key.desc()).limit(1)
        with Session(self._engine) as session:
            found = session.execute(newest).first()
            return self._read(session, coding.tenant, found.key, found.id, found.created_at, found.codes) if found else None

    def _read(self, session: Session, tenant: str, key: int, coding_id: str, created_at: datetime, codes: list[str]) -> EarlierCoding:
        note, code = NoteRow, AssignmentRow
        notes = select(note.reference, note.note_id, note.sha256).where(note.tenant == tenant, note.coded_encounter == key)
        titles = select(code.code, code.display).where(code.tenant == tenant, code.coded_encounter == key)
        return EarlierCoding(
            coding_id,
            created_at if created_at.tzinfo else created_at.replace(tzinfo=UTC),
            tuple(codes),
            {row.code: row.display for row in session.execute(titles)},
            tuple(NoteMark(row.reference or row.note_id, row.sha256) for row in session.execute(notes.order_by(note.position))),
        )
