"""What discovery keeps: encounters that are watched, and how far each way has come.

What a way found and how far it has come stand in one transaction, and so do a job and the version of the encounter that it is for: whatever dies in
between, nothing is skipped and nothing is taken on twice. Of several processes one at a time has an encounter, under a claim with a name of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from fhir_coder.discovery.watched import Count, Found, Mark, Reached, Watched, WatchState, Why
from fhir_coder.errors import Busy
from fhir_coder.jobs.job import Job
from fhir_coder.store.discovery_tables import MarkRow, WatchedRow
from fhir_coder.store.job_tables import JobRow
from fhir_coder.store.jobs import OPEN_STATES
from fhir_coder.store.review_rows import utc
from fhir_coder.store.tables import CodedEncounterRow
from fhir_coder.store.turns import take_turns

CLAIM_S = 300
"""After so many seconds another process may look at an encounter that somebody began to look at."""
FORGOTTEN_S = 180 * 24 * 3600
"""An encounter of which nothing is expected is forgotten after so many seconds."""
ADOPTED = "adopted"
"""Where the mark stands of the codings of others: the highest key that was seen."""
LATE_KEYS = 1000
"""Codings so far below that mark may have been kept after it: keys are given before transactions end."""
AT_ONCE = 200
"""Encounters that are put down in one statement."""
UNTOLD = tuple(one.value for one in (Why.FOUND, Why.UNKNOWN, Why.REFUSED, Why.FAILED))
"""Why an encounter waits that somebody named and that the EHR has told nothing of: there may be none."""
_W = WatchedRow
_M = MarkRow

AddJob = Callable[[Connection], Job]
"""Takes a job on within a transaction, with what else belongs to it. What it raises undoes the whole."""


class DiscoveryStore:
    """``now`` tells epoch seconds. Safe to share between threads and processes."""

    def __init__(self, engine: Engine, now: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._now = now

    # -------------------------------------------------------------------------------------------------------------- the ways

    def mark(self, tenant: str, ehr: str, way: str) -> Mark:
        """How far a way has come."""
        query = select(_M.mark, _M.place).where(_M.tenant == tenant, _M.ehr == ehr, _M.way == way)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return Mark(*row) if row else Mark()

    def awaited(self, tenant: str, ehr: str, encounters: Sequence[str]) -> frozenset[str]:
        """Those of which something is expected: watched and not closed."""
        here = (_W.ehr == ehr, _W.encounter.in_(list(encounters)), _W.state != WatchState.CLOSED.value)
        with self._engine.connect() as connection:
            return frozenset(connection.scalars(select(_W.encounter).where(_W.tenant == tenant, *here)))

    def note(self, tenant: str, ehr: str, found: Sequence[Found], way: str = "", mark: Mark | None = None, room: int | None = None) -> int:
        """Watch what was found, and with ``mark`` say how far the way has come, all or nothing. What is watched already is looked at anew where it changed
        since, or was named. How many are looked at because of it. Raises Busy where one is new, and so many as ``room`` says wait already that the EHR has
        told nothing of."""
        with self._writing.begin() as connection:
            _take_turn(connection, tenant, ehr)
            if room is not None:
                _require_room(connection, tenant, ehr, found, room)
            count = sum(self._note(connection, tenant, ehr, found[at : at + AT_ONCE]) for at in range(0, len(found), AT_ONCE))
            if mark is not None:
                self._set(connection, tenant, ehr, way, {"mark": mark.mark, "place": mark.place})
        return count

    def adopt_codings(self, tenant: str, ehr: str, since: datetime, look_at_s: int) -> int:
        """Watch encounters of the EHR that others had coded since then and after the last adoption; how many were not watched, or were over before that."""
        coding = CodedEncounterRow
        ours = (coding.ehr == ehr, coding.created_at >= since.astimezone(UTC), ~coding.is_inline, ~coding.is_uploaded)
        with self._writing.begin() as connection:
            _take_turn(connection, tenant, ehr)
            mark = connection.scalar(select(_M.mark).where(_M.tenant == tenant, _M.ehr == ehr, _M.way == ADOPTED)) or "0"
            newer = (coding.key > int(mark) - LATE_KEYS, coding.encounter_reference.like("Encounter/%"))
            columns = select(coding.key, coding.encounter_reference, coding.created_at)
            found = connection.execute(columns.where(coding.tenant == tenant, *ours, *newer).order_by(coding.key)).all()
            coded = {row.encounter_reference.removeprefix("Encounter/"): utc(row.created_at).timestamp() for row in found}
            named = sorted(coded.items())
            count = sum(
                self._adopt(connection, tenant, ehr, dict(named[at : at + AT_ONCE]), look_at_s) for at in range(0, len(named), AT_ONCE)
            )
            if (reached := max((row.key for row in found), default=0)) > int(mark):
                self._set(connection, tenant, ehr, ADOPTED, {"mark": str(reached)})
        return count

    # ------------------------------------------------------------------------------------------------------- being left alone

    def held_until_s(self, tenant: str, ehr: str) -> int:
        """Until when the EHR is to be left alone; in the past or 0 where it is not."""
        query = select(_M.held_until_s).where(_M.tenant == tenant, _M.ehr == ehr, _M.way == "")
        with self._engine.connect() as connection:
            return connection.scalar(query) or 0

    def hold(self, tenant: str, ehr: str, wait_s: Callable[[int], float]) -> int:
        """Leave the EHR alone for as long as ``wait_s`` says, given how often in a row it has failed; until when that is."""
        with self._writing.begin() as connection:
            _take_turn(connection, tenant, ehr)
            failures = 1 + (connection.scalar(select(_M.failures).where(_M.tenant == tenant, _M.ehr == ehr, _M.way == "")) or 0)
            until = int(self._now() + wait_s(failures) + 0.999)
            self._set(connection, tenant, ehr, "", {"held_until_s": until, "failures": failures})
        return until

    def answered(self, tenant: str, ehr: str) -> None:
        """The EHR works as it should."""
        failing = (_M.way == "", _M.failures > 0)
        with self._writing.begin() as connection:
            connection.execute(update(_M).where(_M.tenant == tenant, _M.ehr == ehr, *failing).values(held_until_s=0, failures=0))

    # --------------------------------------------------------------------------------------------------- what is looked at

    def claim_due(self, tenant: str, ehr: str, most: int) -> tuple[Watched, ...]:
        """Encounters that are due, longest waiting first, for the caller alone."""
        now, claim = int(self._now()), uuid4().hex
        due = (_W.state != WatchState.CLOSED.value, _W.look_at_s <= now)
        with self._writing.begin() as connection:
            _take_turn(connection, tenant, ehr)
            keys = select(_W.key).where(_W.tenant == tenant, _W.ehr == ehr, *due).order_by(_W.look_at_s, _W.key).limit(most)
            chosen = connection.scalars(keys).all()
            connection.execute(update(_W).where(_W.tenant == tenant, _W.key.in_(chosen)).values(claim=claim, look_at_s=now + CLAIM_S))
            rows = connection.execute(select(*_WATCHED).where(_W.tenant == tenant, _W.key.in_(chosen)).order_by(_W.key)).all()
        order = {key: place for place, key in enumerate(chosen)}
        return tuple(_watched(row) for row in sorted(rows, key=lambda row: order[row.key]))

    def later(
        self,
        tenant: str,
        one: Watched,
        why: Why,
        look_at_s: int,
        pending: str = "",
        pending_s: int = 0,
        version: str = "",
        also: Callable[[Connection], object] | None = None,
    ) -> bool:
        """Look at it again then. ``pending`` is the version that settles; ``version`` one that nothing is to be done for any more, once ``also`` was done in the same
        transaction; what that raises undoes the whole. False where it is no longer the caller's."""
        values: dict[str, Any] = {
            "reason": why.value,
            "look_at_s": look_at_s,
            "claim": "",
            "pending_sha256": pending,
            "pending_s": pending_s,
        }
        if version:
            values |= {"version_sha256": version, "state": WatchState.TAKEN.value, "taken_s": one.taken_s or int(self._now())}
        with self._writing.begin() as connection:
            is_ours = _change(connection, tenant, one, values)
            if is_ours and also:
                also(connection)
            return is_ours

    def close(self, tenant: str, one: Watched, why: Why) -> bool:
        """Expect nothing more of it."""
        with self._writing.begin() as connection:
            return _change(connection, tenant, one, {"state": WatchState.CLOSED.value, "reason": why.value, "claim": ""})

    def resolve(self, tenant: str, ehr: str, one: Watched, encounter: str) -> bool:
        """An identifier turned out to be of this encounter: watch that instead."""
        with self._writing.begin() as connection:
            _take_turn(connection, tenant, ehr)
            values = {"state": WatchState.CLOSED.value, "reason": Why.RESOLVED.value, "claim": ""}
            return _change(connection, tenant, one, values) and bool(self._note(connection, tenant, ehr, [Found(encounter)]))

    def take(self, tenant: str, one: Watched, version: str, look_at_s: int, add_job: AddJob) -> Job | None:
        """Take a job on for this version of the encounter, and say so of it, in one transaction; None where it is another's by now, or was taken on for
        this version already. Raises what ``add_job`` raises, Busy among it: then nothing has changed."""
        now = int(self._now())
        values = {"version_sha256": version, "pending_sha256": "", "pending_s": 0, "state": WatchState.TAKEN.value, "taken_s": now}
        values |= {"reason": Why.QUEUED.value, "look_at_s": look_at_s, "jobs": one.jobs + 1}
        with self._writing.begin() as connection:
            mine = (_W.key == one.key, _W.claim == one.claim, _W.version_sha256 != version)
            if not connection.execute(update(_W).where(_W.tenant == tenant, *mine).values(values)).rowcount:
                return None
            job = add_job(connection)
            connection.execute(update(_W).where(_W.tenant == tenant, _W.key == one.key).values(job=job.id, claim=""))
            return job

    def give_back(self, tenant: str, rest: Sequence[Watched]) -> None:
        """They were not looked at: they are due, as they were."""
        with self._writing.begin() as connection:
            for one in rest:
                _change(connection, tenant, one, {"look_at_s": int(self._now()), "claim": ""})

    def is_open(self, tenant: str, job: str) -> bool:
        """Whether a job that was taken on has not come to its end."""
        query = select(JobRow.key).where(JobRow.tenant == tenant, JobRow.id == job, JobRow.state.in_(OPEN_STATES))
        with self._engine.connect() as connection:
            return bool(job) and connection.execute(query).first() is not None

    # ------------------------------------------------------------------------------------------------------- for the operator

    def counts(self, tenant: str, ehr: str) -> tuple[Count, ...]:
        """How many encounters stand how."""
        query = select(_W.state, _W.reason, func.count(), func.min(_W.found_s)).where(_W.tenant == tenant, _W.ehr == ehr)
        with self._engine.connect() as connection:
            rows = connection.execute(query.group_by(_W.state, _W.reason).order_by(_W.state, _W.reason)).all()
        return tuple(Count(WatchState(state), reason, count, oldest) for state, reason, count, oldest in rows)

    def reached(self, tenant: str, ehr: str) -> tuple[Reached, ...]:
        """How far each way has come that keeps a mark."""
        query = select(_M.way, _M.mark, _M.changed_s).where(_M.tenant == tenant, _M.ehr == ehr, _M.way.not_in(("", ADOPTED)), _M.mark != "")
        with self._engine.connect() as connection:
            return tuple(Reached(*row) for row in connection.execute(query.order_by(_M.way)).all())

    def forget(self, tenant: str, ehr: str) -> int:
        """Drop encounters of which nothing is expected for long; how many."""
        gone = (_W.state == WatchState.CLOSED.value, _W.look_at_s < int(self._now()) - FORGOTTEN_S)
        with self._writing.begin() as connection:
            return connection.execute(delete(_W).where(_W.tenant == tenant, _W.ehr == ehr, *gone)).rowcount

    def _note(self, connection: Connection, tenant: str, ehr: str, found: Sequence[Found]) -> int:
        """Put down a part of what was found; those that are known and unchanged stay as they are. Who looks at one that changed has looked too early."""
        named = {one.encounter: one for one in found}
        here = (_W.ehr == ehr, _W.encounter.in_(list(named)))
        rows = connection.execute(select(_W.encounter, _W.seen_sha256).where(_W.tenant == tenant, *here))
        known: dict[str, str] = {row.encounter: row.seen_sha256 for row in rows}
        new = [self._new(tenant, ehr, one) for one in named.values() if one.encounter not in known]
        if new:
            connection.execute(insert(_W), new)
        changed = [one for one in named.values() if one.encounter in known and (not one.seen or one.seen != known[one.encounter])]
        for one in changed:
            values = {"look_at_s": int(self._now()), "claim": ""} | ({"seen_sha256": one.seen} if one.seen else {})
            same = (_W.ehr == ehr, _W.encounter == one.encounter)
            connection.execute(update(_W).where(_W.tenant == tenant, *same).values(values))
            reopened = (*same, _W.state == WatchState.CLOSED.value)
            again = {"state": WatchState.WAITING.value, "reason": Why.FOUND.value, "found_s": int(self._now())}
            connection.execute(update(_W).where(_W.tenant == tenant, *reopened).values(again))
        return len(new) + len(changed)

    def _adopt(self, connection: Connection, tenant: str, ehr: str, coded: Mapping[str, float], look_at_s: int) -> int:
        """``coded`` says when each was (epoch seconds). One that is closed has been so since ``look_at_s`` at the latest."""
        here = (_W.ehr == ehr, _W.encounter.in_(list(coded)))
        known = connection.execute(select(_W.key, _W.encounter, _W.state, _W.look_at_s).where(_W.tenant == tenant, *here)).all()
        values = {"state": WatchState.TAKEN.value, "reason": Why.UNCHANGED.value, "look_at_s": look_at_s, "taken_s": int(self._now())}
        new = set(coded) - {row.encounter for row in known}
        if new:
            connection.execute(insert(_W), [self._new(tenant, ehr, Found(one)) | values for one in sorted(new)])
        over = [row.key for row in known if row.state == WatchState.CLOSED.value and coded[row.encounter] > row.look_at_s]
        if over:
            connection.execute(update(_W).where(_W.tenant == tenant, _W.key.in_(over)).values(values))
        return len(new) + len(over)

    def _new(self, tenant: str, ehr: str, found: Found) -> dict[str, Any]:
        now = int(self._now())
        empty = dict.fromkeys(("version_sha256", "pending_sha256", "job", "claim"), "")
        zero = dict.fromkeys(("pending_s", "taken_s", "jobs"), 0)
        state = {"state": WatchState.WAITING.value, "reason": Why.FOUND.value}
        row = {"tenant": tenant, "ehr": ehr, "encounter": found.encounter, "seen_sha256": found.seen, "found_s": now, "look_at_s": now}
        return empty | zero | state | row

    def _set(self, connection: Connection, tenant: str, ehr: str, way: str, values: dict[str, Any]) -> None:
        values = values | {"changed_s": int(self._now())}
        same = (_M.ehr == ehr, _M.way == way)
        if not connection.execute(update(_M).where(_M.tenant == tenant, *same).values(values)).rowcount:
            empty = {"mark": "", "place": "", "held_until_s": 0, "failures": 0}
            connection.execute(insert(_M), empty | {"tenant": tenant, "ehr": ehr, "way": way} | values)


_WATCHED: tuple[Any, ...] = (
    _W.key, _W.encounter, _W.state, _W.version_sha256, _W.pending_sha256, _W.pending_s, _W.found_s, _W.taken_s, _W.jobs, _W.job, _W.claim,
)  # fmt: skip
"""The columns of :class:`Watched`, in its order."""


def _watched(row: Sequence[Any]) -> Watched:
    values = dict(zip(Watched.__dataclass_fields__, row, strict=True))
    return Watched(**values | {"state": WatchState(values["state"])})


def _change(connection: Connection, tenant: str, one: Watched, values: dict[str, Any]) -> bool:
    """Change an encounter that is the caller's."""
    mine = (_W.key == one.key, _W.claim == one.claim)
    return bool(connection.execute(update(_W).where(_W.tenant == tenant, *mine).values(values)).rowcount)


def _require_room(connection: Connection, tenant: str, ehr: str, found: Sequence[Found], room: int) -> None:
    """Raises Busy; for what is watched already there is always room."""
    named = {one.encounter for one in found}
    known = set(connection.scalars(select(_W.encounter).where(_W.tenant == tenant, _W.ehr == ehr, _W.encounter.in_(named))))
    untold = (_W.ehr == ehr, _W.state == WatchState.WAITING.value, _W.seen_sha256 == "", _W.reason.in_(UNTOLD))
    if named - known:
        count = connection.scalar(select(func.count()).where(_W.tenant == tenant, *untold)) or 0
        if count + len(named - known) > room:
            raise Busy(f"{count} encounters wait that the EHR has told nothing of; no more are watched before it has")


def _take_turn(connection: Connection, tenant: str, ehr: str) -> None:
    """Keep others from putting down and claiming at the EHR until the transaction ends."""
    take_turns(connection, (f"discovery {tenant} {ehr}",))
