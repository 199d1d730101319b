"""Drafts: what a person typed on a review and did not send yet, so that no words are lost with a page, a session or a connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, Select, delete, insert, select

from fhir_coder.store.audit import now_utc
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.draft_tables import ReviewDraftRow
from fhir_coder.store.review_tables import ReviewRow
from fhir_coder.store.tables import CodedEncounterRow
from fhir_coder.worklist.decision import Act, Decision, Someone

KEPT = timedelta(days=7)
"""How long a draft is kept after its last change."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Words for one act on a code; ``code`` is empty where the act is about none."""

    act: Act
    code: str
    text: str


class Drafts:
    """Over one database; ``now`` tells the time (aware). A review goes by the id of its coding, and a person sees their own draft only."""

    def __init__(self, engine: Engine, cipher: Cipher, now: Callable[[], datetime] = now_utc) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._cipher = cipher
        self._now = now

    def keep(self, tenant: str, coding_id: str, person: Someone, draft: Draft) -> bool:
        """Keep a draft in place of the person's earlier one; without words there is none after it. Whether it is kept: not without a key, nor
        for no review of the tenant. Drafts of the tenant that are beyond their time go."""
        sealed, row = self._cipher.seal(draft.text), ReviewDraftRow
        with self._writing.begin() as connection:
            connection.execute(delete(row).where(row.tenant == tenant, row.changed_at < self._now() - KEPT))
            review = connection.scalar(_review(tenant, coding_id).with_for_update(of=ReviewRow))
            if review is None:
                return False
            connection.execute(delete(row).where(row.tenant == tenant, row.review == review, *_of(person)))
            if sealed is None:
                return False
            ours = {"tenant": tenant, "review": review, "person_id": person.id, "person_issuer": person.issuer}
            connection.execute(insert(row).values(**ours, act=draft.act.value, code=draft.code, text=sealed, changed_at=self._now()))
        return True

    def find(self, tenant: str, coding_id: str, person: Someone) -> Draft | None:
        """The person's draft on a review."""
        row = ReviewDraftRow
        review = _review(tenant, coding_id).scalar_subquery()
        query = select(row.act, row.code, row.text).where(row.tenant == tenant, row.review == review, *_of(person))
        with self._engine.connect() as connection:
            found = connection.execute(query.where(row.changed_at >= self._now() - KEPT)).first()
        return Draft(Act(found.act), found.code, self._cipher.open(found.text)) if found else None


def forget_draft(connection: Connection, tenant: str, review: int, person: Someone, decision: Decision) -> None:
    """Remove the draft that became a decision, in the transaction that adds it."""
    row = ReviewDraftRow
    ours = (row.tenant == tenant, row.review == review, *_of(person))
    connection.execute(delete(row).where(*ours, row.act == decision.act.value, row.code == decision.code))


def _review(tenant: str, coding_id: str) -> Select[int]:
    review, coding = ReviewRow, CodedEncounterRow
    joined = select(review.key).join(coding, review.coded_encounter == coding.key)
    return joined.where(review.tenant == tenant, coding.tenant == tenant, coding.id == coding_id)


def _of(person: Someone) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    row = ReviewDraftRow
    return row.person_id == person.id, row.person_issuer == person.issuer
