"""Removing audit events whose time is over, from the front of a chain, so that what stays can still be verified.

The last event removed stays as a checkpoint (number and hash), which the database's triggers ask for, and an event of the chain tells of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, func, insert, select

from fhir_coder.audit.chain import Head
from fhir_coder.audit.entry import Action, Agent, AuditEntry, Success
from fhir_coder.audit.fhir_event import instant
from fhir_coder.audit.verification import PRUNE_EVENT, PRUNED_TO
from fhir_coder.store.audit import AuditLog, now_utc
from fhir_coder.store.audit_tables import AuditCheckpointRow, AuditEventRow
from fhir_coder.store.holds import held_subjects


@dataclass(frozen=True, slots=True)
class Overdue:
    """Events of a tenant: how many are kept, and how many from the front are beyond their time. ``held_from``: the first event of these
    that a legal hold keeps, and everything behind it with it; 0: none."""

    all: int
    prunable: int
    held_from: int
    last: Head | None


class Pruning:
    """``audit`` is the log of the same database."""

    def __init__(self, engine: Engine, audit: AuditLog, now: Callable[[], datetime] = now_utc) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._audit = audit
        self._now = now

    def overdue(self, tenant: str, before: datetime) -> Overdue:
        """What :meth:`prune` would remove."""
        with self._engine.connect() as connection:
            return _overdue(connection, tenant, before)

    def prune(self, tenant: str, before: datetime, agent: Agent) -> int:
        """Remove the events recorded before a moment, as far as no hold is on what they are about; returns how many."""
        row = AuditEventRow
        with self._writing.begin() as connection:
            self._audit.take_turn(connection, tenant)
            found = _overdue(connection, tenant, before)
            if found.last is None:
                return 0
            point = {"tenant": tenant, "sequence": found.last.sequence, "hash": found.last.hash, "made_at": self._now()}
            connection.execute(insert(AuditCheckpointRow), point)
            connection.execute(delete(row).where(row.tenant == tenant, row.sequence <= found.last.sequence))
            detail = {PRUNED_TO: str(found.last), "events": str(found.prunable), "before": instant(before)}
            self._audit.append(connection, AuditEntry(tenant, PRUNE_EVENT, Action.DELETE, Success.DONE, agent, detail=detail))
            return found.prunable


def _overdue(connection: Connection, tenant: str, before: datetime) -> Overdue:
    """From the front to the first event that is young enough or held: a chain has no holes."""
    row = AuditEventRow
    count = connection.scalar(select(func.count()).where(row.tenant == tenant)) or 0
    young = connection.scalar(select(func.min(row.sequence)).where(row.tenant == tenant, row.recorded >= instant(before)))
    query = select(row.sequence, row.hash, row.content).where(row.tenant == tenant).order_by(row.sequence)
    if young is not None:
        query = query.where(row.sequence < young)
    held, last, prunable = held_subjects(connection, tenant), None, 0
    with connection.execute(query.execution_options(yield_per=500)) as events:
        for one in events:
            if held and held & _subjects(one.content):
                return Overdue(count, prunable, one.sequence, last)
            last, prunable = Head(one.sequence, one.hash), prunable + 1
    return Overdue(count, prunable, 0, last)


def _subjects(content: str) -> set[str]:
    """References that an event is about."""
    return {one.get("what", {}).get("reference", "") for one in json.loads(content).get("entity", ())}
