"""What decisions bring about outside the reviews: taken up by one process at a time, tried again, never forgotten."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, and_, or_, select, update

from fhir_coder.store.audit import now_utc
from fhir_coder.store.follow_up_tables import FollowUpRow
from fhir_coder.store.review_tables import ReviewDecisionRow, ReviewRow
from fhir_coder.store.tables import CodedEncounterRow
from fhir_coder.worklist.decision import Act
from fhir_coder.worklist.following import Duty, FollowUp, Kind, Progress

ABANDONED_S = 600
"""A process that has said nothing of what it took up for so long is taken for lost: the duty is due again."""
ATTEMPTS = 12
"""Attempts before a duty is left to a person: more than a day, by the pauses below."""
PAUSES_S = (60, 300, 1800, 7200, 21600)
"""Seconds to the next attempt; the last one repeats. Up to a fifth is added at random, so that many do not come back at once."""
_F, _R, _C, _D = FollowUpRow, ReviewRow, CodedEncounterRow, ReviewDecisionRow


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt. ``progress`` is DONE, FAILED (tried again), UNDELIVERED (left to a person), UNSURE (for a person to say), or OVERTAKEN while
    it was tried."""

    progress: Progress
    detail: str = ""
    reference: str = ""


class FollowUps:
    """Over one database. ``now`` tells the time (aware), ``chance`` a number in 0..1."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = now_utc, chance: Callable[[], float] = random.random) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._now = now
        self._chance = chance

    def of(self, tenant: str, coding_id: str) -> tuple[FollowUp, ...]:
        """All of a coding, oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(_query(tenant).where(_C.id == coding_id).order_by(_F.key))
            return tuple(map(_follow_up, rows))

    def entries(self, tenant: str, progress: tuple[Progress, ...] = (), most: int = 1000) -> tuple[FollowUp, ...]:
        """All of a tenant, newest first; in some states."""
        query = _query(tenant).order_by(_F.key.desc()).limit(most)
        if progress:
            query = query.where(_F.progress.in_([one.value for one in progress]))
        with self._engine.connect() as connection:
            return tuple(map(_follow_up, connection.execute(query)))

    def claim(self, tenant: str, coding_id: str = "", before: int = 0, is_asked: bool = False) -> FollowUp | None:
        """The next that is due, for the caller alone: of a coding, or of all; None where nothing is. ``before`` leaves out those with a key up to it.

        ``is_asked``: a person wants it now, also what waits for its next attempt or was left to a person. What a later decision on the same encounter
        made needless is marked as overtaken on the way.
        """
        now = int(self._now().timestamp())
        query = _query(tenant).where(_F.key > before, _is_due(now, is_asked)).order_by(_F.key)
        if coding_id:
            query = query.where(_C.id == coding_id)
        with self._writing.begin() as connection:
            for row in connection.execute(query).all():
                if _is_overtaken(connection, tenant, row):
                    self._change(connection, row, progress=Progress.OVERTAKEN.value, settled_s=now)
                elif self._change(
                    connection, row, progress=Progress.DOING.value, claimed_s=max(now, row.claimed_s + 1), attempts=row.attempts + 1
                ):
                    return _follow_up(connection.execute(_query(tenant).where(_F.key == row.key)).one())
        return None

    def settle(self, tenant: str, claimed: FollowUp, outcome: Outcome) -> None:
        """Write down what became of a claim. A failure is tried again after a pause, until it has failed so often that a person must see to it."""
        now = int(self._now().timestamp())
        is_given_up = outcome.progress is Progress.FAILED and claimed.attempts >= ATTEMPTS
        progress = Progress.UNDELIVERED if is_given_up else outcome.progress
        pause = PAUSES_S[min(claimed.attempts, len(PAUSES_S)) - 1] * (1 + self._chance() / 5)
        values = {
            "progress": progress.value,
            "detail": outcome.detail.replace("\0", "")[:500],
            "reference": outcome.reference.replace("\0", "")[:255],
            "settled_s": now,
            "next_attempt_s": int(now + pause) if progress is Progress.FAILED else 0,
        }
        same = (_F.tenant == tenant, _F.key == claimed.key, _F.progress == Progress.DOING.value, _F.attempts == claimed.attempts)
        with self._writing.begin() as connection:
            connection.execute(update(_F).where(*same).values(values))

    def is_overtaken(self, tenant: str, claimed: FollowUp) -> bool:
        """Whether a later decision made a claim needless since it was taken up: to be asked where nobody else can write meanwhile."""
        with self._engine.connect() as connection:
            row = connection.execute(_query(tenant).where(_F.key == claimed.key)).first()
            return row is None or _is_overtaken(connection, tenant, row)

    def _change(self, connection: Connection, row: Row[Any], **values: Any) -> bool:
        """Change a row that nobody changed since it was read."""
        same = (_F.tenant == row.tenant, _F.key == row.key, _F.progress == row.progress, _F.attempts == row.attempts)
        return bool(connection.execute(update(_F).where(*same).values(values)).rowcount)


def _query(tenant: str) -> Select[Any]:
    columns: tuple[Any, ...] = (
        *(_F.key, _F.tenant, _F.review, _F.sequence, _F.kind, _F.target, _F.progress, _F.attempts),
        *(_F.created_s, _F.next_attempt_s, _F.claimed_s, _F.settled_s, _F.detail, _F.reference),
        *(_C.id.label("coding_id"), _C.ehr, _C.encounter_reference),
    )
    joined = select(*columns).join(_R, _F.review == _R.key).join(_C, _R.coded_encounter == _C.key)
    return joined.where(_F.tenant == tenant, _R.tenant == tenant, _C.tenant == tenant)


def _is_due(now: int, is_asked: bool) -> Any:
    waiting = [Progress.DUE.value, Progress.FAILED.value, *([Progress.UNDELIVERED.value, Progress.UNSURE.value] if is_asked else [])]
    is_time = _F.progress.in_(waiting) if is_asked else and_(_F.progress.in_(waiting), _F.next_attempt_s <= now)
    return or_(is_time, and_(_F.progress == Progress.DOING.value, _F.claimed_s < now - ABANDONED_S))


def _is_overtaken(connection: Connection, tenant: str, row: Row[Any]) -> bool:
    """Whether a later decision asks for the same: any of this review, or a sign-off of another coding of the encounter. The EHR and billing are to hold
    the last word, and an earlier one that failed would take its place. Each question is one of its own, and its withdrawal too: who does them
    looks at the decisions."""
    if row.kind in {Kind.QUERY, Kind.WITHDRAWAL}:
        return False
    this = and_(_D.tenant == _F.tenant, _D.review == _F.review, _D.sequence == _F.sequence)
    later = _query(tenant).join(_D, this).where(_D.tenant == tenant, _F.kind == row.kind, _F.target == row.target, _F.key > row.key)
    same = (_C.ehr == row.ehr, _C.encounter_reference == row.encounter_reference, _D.act == Act.SIGN_OFF.value)
    of_encounter = or_(_F.review == row.review, and_(*same)) if row.encounter_reference else _F.review == row.review
    return connection.execute(later.where(of_encounter).limit(1)).first() is not None


def _follow_up(row: Row[Any]) -> FollowUp:
    return FollowUp(
        key=row.key,
        coding_id=row.coding_id,
        sequence=row.sequence,
        duty=Duty(Kind(row.kind), row.target),
        progress=Progress(row.progress),
        attempts=row.attempts,
        created_s=row.created_s,
        next_attempt_s=row.next_attempt_s,
        settled_s=row.settled_s,
        detail=row.detail,
        reference=row.reference,
    )
