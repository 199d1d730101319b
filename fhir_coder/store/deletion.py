"""Deleting codings with everything that belongs to them: on request, or when their time is over. The audit stays; what is under hold stays too.

Each coding deleted is an event of the audit in the same transaction: neither is there without the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, Select, delete, func, select

from fhir_coder.audit.entry import Action, Agent, AuditEntry, Success
from fhir_coder.errors import Conflict, RequiredMissing, ResourceUnknown
from fhir_coder.store.audit import AuditLog
from fhir_coder.store.holds import held_subjects
from fhir_coder.store.jobs import forget_jobs
from fhir_coder.store.outbox_tables import OutboxRow
from fhir_coder.store.tables import CodedEncounterRow

_AT_ONCE = 200
"""Codings that go in one transaction, so that a server beside us is not kept waiting."""


@dataclass(frozen=True, slots=True)
class Doomed:
    """A coding that may be deleted, or is held."""

    key: int
    id: str
    ehr: str
    patient: str
    encounter: str

    def is_held(self, held: frozenset[str]) -> bool:
        """Whether a hold is on its patient or its encounter."""
        return self.patient in held or self.encounter in held


@dataclass(frozen=True, slots=True)
class Beyond:
    """Codings of a tenant: how many there are, how many are beyond their time and not held, and how many are beyond and held."""

    all: int
    deletable: int
    held: int


class Deletion:
    """``audit`` is the log of the same database."""

    def __init__(self, engine: Engine, audit: AuditLog) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._audit = audit

    def tenants(self) -> tuple[str, ...]:
        """Every tenant that has codings."""
        with self._engine.connect() as connection:
            return tuple(sorted(connection.scalars(select(CodedEncounterRow.tenant).distinct())))

    def delete(self, tenant: str, subject: str, ehr: str, reason: str, agent: Agent) -> int:
        """Delete all codings of a patient or encounter at an EHR (empty: the only one they are of); returns how many.

        Raises ResourceUnknown where there is none, RequiredMissing where they are of several EHRs (one id may be two people there), and
        Conflict where any of them is under legal hold: then none is deleted."""
        row = CodedEncounterRow
        column = row.patient_reference if subject.startswith("Patient/") else row.encounter_reference
        query = _doomed(tenant).where(column == subject)
        if ehr:
            query = query.where(row.ehr == ehr)
        with self._writing.begin() as connection:
            self._audit.take_turn(connection, tenant)
            found = _read(connection, query)
            if not found:
                raise ResourceUnknown(f"tenant {tenant} has no coding of {subject}")
            if len({one.ehr for one in found}) > 1:
                raise RequiredMissing(f"{subject} has codings of several EHRs: name one with --ehr")
            held = held_subjects(connection, tenant)
            if any(one.is_held(held) for one in found):
                raise Conflict(f"{subject} is under legal hold, or one of its encounters is: nothing was deleted")
            self._remove(connection, tenant, found, "delete-codings", agent, reason)
        self._forget_pages()
        return len(found)

    def beyond(self, tenant: str, before: datetime) -> Beyond:
        """How many codings are older than ``before``."""
        with self._engine.connect() as connection:
            held = held_subjects(connection, tenant)
            found = _read(connection, _doomed(tenant).where(CodedEncounterRow.created_at < before))
            count = connection.scalar(select(func.count()).where(CodedEncounterRow.tenant == tenant)) or 0
        kept = sum(one.is_held(held) for one in found)
        return Beyond(count, len(found) - kept, kept)

    def expire(self, tenant: str, before: datetime, agent: Agent) -> int:
        """Delete the codings that were made before a moment and are not held; returns how many."""
        removed, after = 0, 0
        while True:
            with self._writing.begin() as connection:
                self._audit.take_turn(connection, tenant)
                query = _doomed(tenant).where(CodedEncounterRow.created_at < before, CodedEncounterRow.key > after).limit(_AT_ONCE)
                found = _read(connection, query)
                if not found:
                    break
                held = held_subjects(connection, tenant)
                going = [one for one in found if not one.is_held(held)]
                self._remove(connection, tenant, going, "expire-codings", agent, "beyond its time")
            removed, after = removed + len(going), found[-1].key
        if removed:
            self._forget_pages()
        return removed

    def _remove(self, connection: Connection, tenant: str, codings: Sequence[Doomed], event: str, agent: Agent, reason: str) -> None:
        """The parts of a coding go with its row, what of it went or was to go to billing, and the answer of the job that made it."""
        for one in codings:
            detail = {"coding": one.id, "ehr": one.ehr, "reason": reason}
            entry = AuditEntry(tenant, event, Action.DELETE, Success.DONE, agent, one.patient, (one.encounter,), detail=detail)
            self._audit.append(connection, entry)
            connection.execute(delete(OutboxRow).where(OutboxRow.tenant == tenant, OutboxRow.coding == one.id))
            forget_jobs(connection, tenant, one.id)
            connection.execute(delete(CodedEncounterRow).where(CodedEncounterRow.tenant == tenant, CodedEncounterRow.key == one.key))

    def _forget_pages(self) -> None:
        """SQLite keeps what was overwritten in its log until that is emptied; where others read meanwhile, it is emptied later."""
        if self._engine.dialect.name == "sqlite":
            connection = self._engine.raw_connection()
            try:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.close()


def _doomed(tenant: str) -> Select[int, str, str, str, str]:
    row = CodedEncounterRow
    return select(row.key, row.id, row.ehr, row.patient_reference, row.encounter_reference).where(row.tenant == tenant).order_by(row.key)


def _read(connection: Connection, query: Select[int, str, str, str, str]) -> list[Doomed]:
    return [Doomed(key, id, ehr, patient, encounter) for key, id, ehr, patient, encounter in connection.execute(query)]
