"""The audit log: events go in at the end of their tenant's chain and are never changed.

Writers of one tenant take turns, so that numbers have no gap and each event continues the one before it: SQLite lets one writer in at a time;
in PostgreSQL an advisory lock of the transaction, by tenant, does the same. The turn lasts until the transaction ends, so an event that is part of
a larger one (a deletion) stands and falls with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Engine, bindparam, select
from sqlalchemy.exc import SQLAlchemyError

from fhir_coder.audit.chain import BEGINNING, Head, linked
from fhir_coder.audit.entry import AuditEntry
from fhir_coder.audit.fhir_event import Observer, audit_event
from fhir_coder.audit.verification import Line, columns_of
from fhir_coder.errors import NotRecorded
from fhir_coder.store.audit_tables import AuditCheckpointRow, AuditEventRow
from fhir_coder.store.inserting import insert_rows
from fhir_coder.store.turns import take_turns

_AT_ONCE = 500
"""Rows that are fetched together when a chain is read."""


def now_utc() -> datetime:
    """The time, aware."""
    return datetime.now(UTC)


class AuditLog:
    """``observer`` is who writes, ``now`` tells the time (aware), ``new_id`` gives an event its FHIR id. Safe to share between threads."""

    def __init__(
        self,
        engine: Engine,
        observer: Observer,
        now: Callable[[], datetime] = now_utc,
        new_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._observer = observer
        self._now = now
        self._new_id = new_id

    def record(self, entry: AuditEntry) -> None:
        """Keep an entry: an :data:`fhir_coder.audit.entry.Auditor`. Raises NotRecorded when the database does not take it."""
        try:
            with self._writing.begin() as connection:
                self.append(connection, entry)
        except SQLAlchemyError as error:
            raise NotRecorded("the audit cannot be written, and what cannot be written down is not done") from error

    def append(self, connection: Connection, entry: AuditEntry, *more: AuditEntry) -> Head:
        """Add entries of one tenant within the caller's transaction, which was begun for writing; it holds the tenant's chain until it ends."""
        tenant = entry.tenant
        self.take_turn(connection, tenant)
        head, rows = _head(connection, tenant), []
        for one in (entry, *more):
            event = audit_event(one, self._observer, self._new_id(), self._now())
            head, content = linked(event, head)
            rows.append({"sequence": head.sequence, "hash": head.hash, "content": content, **columns_of(event)})
        insert_rows(connection, AuditEventRow, rows)
        return head

    def take_turn(self, connection: Connection, tenant: str) -> None:
        """Wait for other writers of the tenant's chain, and keep them out until the transaction ends.

        Whoever decides by what stands (holds, merges) takes it first: what is read after it holds until the transaction ends."""
        take_turns(connection, (f"audit {tenant}",))

    def head(self, tenant: str) -> Head:
        """The newest event of a tenant's chain."""
        with self._engine.connect() as connection:
            return _head(connection, tenant)

    def start(self, tenant: str) -> Head:
        """The last event that retention removed."""
        with self._engine.connect() as connection:
            return _start(connection, tenant)

    def tenants(self) -> tuple[str, ...]:
        """Every tenant that has a chain."""
        with self._engine.connect() as connection:
            names = connection.scalars(select(AuditEventRow.tenant).distinct()).all()
            pruned = connection.scalars(select(AuditCheckpointRow.tenant).distinct()).all()
        return tuple(sorted({*names, *pruned}))

    def lines(self, tenant: str, first: int = 0, last: int | None = None) -> Iterator[Line]:
        """The events of a tenant in order, from number ``first`` to ``last``, read piece by piece."""
        row = AuditEventRow
        while True:
            query = select(row).where(row.tenant == tenant, row.sequence >= first).order_by(row.sequence).limit(_AT_ONCE)
            if last is not None:
                query = query.where(row.sequence <= last)
            with self._engine.connect() as connection:
                found = connection.execute(query).mappings().all()
            for one in found:
                yield Line(one["sequence"], one["hash"], one["content"], {name: one[name] for name in _SEARCHED})
            if len(found) < _AT_ONCE:
                return
            first = found[-1]["sequence"] + 1

    def span(self, tenant: str, since: str, until: str) -> tuple[int, int]:
        """Numbers of the first event at or after ``since`` and the last before ``until`` (FHIR instants, empty: no limit); (1, 0) where none is.

        What lies between is whole: events that a clock set back put there are included."""
        row = AuditEventRow
        query = select(row.sequence).where(row.tenant == tenant)
        if since:
            query = query.where(row.recorded >= since)
        if until:
            query = query.where(row.recorded < until)
        with self._engine.connect() as connection:
            first = connection.scalar(query.order_by(row.sequence).limit(1))
            last = connection.scalar(query.order_by(row.sequence.desc()).limit(1))
        return (1, 0) if first is None or last is None else (first, last)

    def of_patients(self, tenant: str, patients: tuple[str, ...]) -> tuple[dict[str, Any], ...]:
        """The events about any of the patients (references), oldest first."""
        row = AuditEventRow
        query = select(row.content).where(row.tenant == tenant, row.patient.in_(patients)).order_by(row.sequence)
        with self._engine.connect() as connection:
            return tuple(json.loads(content) for content in connection.scalars(query))


_SEARCHED = ("tenant", "event", "patient", "recorded")


_HEAD = (
    select(AuditEventRow.sequence, AuditEventRow.hash)
    .where(AuditEventRow.tenant == bindparam("tenant"))
    .order_by(AuditEventRow.sequence.desc())
    .limit(1)
)
"""Asked with every event, and made once: to make it takes longer than to carry it out."""


def _head(connection: Connection, tenant: str) -> Head:
    found = connection.execute(_HEAD, {"tenant": tenant}).first()
    return Head(found.sequence, found.hash) if found else _start(connection, tenant)


def _start(connection: Connection, tenant: str) -> Head:
    row = AuditCheckpointRow
    query = select(row.sequence, row.hash).where(row.tenant == tenant).order_by(row.sequence.desc()).limit(1)
    found = connection.execute(query).first()
    return Head(found.sequence, found.hash) if found else BEGINNING
