"""Which codings of an encounter stand: those that something may still be billed by."""

from __future__ import annotations

from sqlalchemy import Engine, select

from fhir_coder.store.review_tables import ReviewRow
from fhir_coder.store.tables import CodedEncounterRow
from fhir_coder.worklist.review import State


class StandingCodings:
    """Over one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, tenant: str, ehr: str, encounter_reference: str) -> tuple[str, ...]:
        """The ids of the newest and, where that is another, of the one that was signed last; none of notes that came with a request or as files: no EHR can
        withdraw them."""
        coding, review = CodedEncounterRow, ReviewRow
        query = select(coding.id, review.state, review.signed_at).join(review, review.coded_encounter == coding.key)
        query = query.where(
            coding.tenant == tenant, review.tenant == tenant, review.superseded_by == "", ~coding.is_inline, ~coding.is_uploaded
        )
        query = query.where(coding.ehr == ehr, coding.encounter_reference == encounter_reference).order_by(coding.key.desc())
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        signed = sorted((one for one in rows if one.state == State.SIGNED.value), key=lambda one: one.signed_at)
        return tuple(dict.fromkeys(one.id for one in (*rows[:1], *signed[-1:])))
