"""Legal holds: of whom nothing is deleted, for now. A hold on a patient follows the patient through merges."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select, update

from fhir_coder.audit.entry import Action, Agent, AuditEntry, Success
from fhir_coder.errors import Conflict, ResourceUnknown
from fhir_coder.store.audit import AuditLog, now_utc
from fhir_coder.store.audit_tables import LegalHoldRow, PatientMergeRow
from fhir_coder.store.tables import CodedEncounterRow


@dataclass(frozen=True, slots=True)
class LegalHold:
    """A hold that is in force on a patient or encounter (``Patient/7``, ``Encounter/7``)."""

    tenant: str
    subject: str
    reason: str
    placed_at: datetime
    placed_by: str


class Holds:
    """Places, lifts and lists holds; each change is an event of the audit in the same transaction."""

    def __init__(self, engine: Engine, audit: AuditLog, now: Callable[[], datetime] = now_utc) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._audit = audit
        self._now = now

    def place(self, tenant: str, subject: str, reason: str, agent: Agent) -> None:
        """Raises Conflict where a hold is in force already."""
        with self._writing.begin() as connection:
            self._audit.take_turn(connection, tenant)
            if any(one.subject == subject for one in _in_force(connection, tenant)):
                raise Conflict(f"{subject} is under legal hold already")
            row = {"tenant": tenant, "subject": subject, "reason": reason, "placed_at": self._now(), "placed_by": agent.id}
            connection.execute(insert(LegalHoldRow), row | {"released_by": ""})
            self._audit.append(connection, _entry(connection, tenant, "hold", subject, reason, agent))

    def release(self, tenant: str, subject: str, reason: str, agent: Agent) -> None:
        """Lift the hold. Raises ResourceUnknown where none is in force."""
        row = LegalHoldRow
        with self._writing.begin() as connection:
            self._audit.take_turn(connection, tenant)
            lifted = connection.execute(
                update(row)
                .where(row.tenant == tenant, row.subject == subject, row.released_at.is_(None))
                .values(released_at=self._now(), released_by=agent.id)
            )
            if not lifted.rowcount:
                raise ResourceUnknown(f"{subject} is under no legal hold")
            self._audit.append(connection, _entry(connection, tenant, "release-hold", subject, reason, agent))

    def in_force(self, tenant: str) -> tuple[LegalHold, ...]:
        """The holds of a tenant, oldest first."""
        with self._engine.connect() as connection:
            return _in_force(connection, tenant)


def held_subjects(connection: Connection, tenant: str) -> frozenset[str]:
    """References of which nothing may be deleted: those under hold, and the patients that became one with them."""
    held = {one.subject for one in _in_force(connection, tenant)}
    return frozenset(joined(held, merged_pairs(connection, tenant)))


def merged_pairs(connection: Connection, tenant: str) -> list[tuple[str, str]]:
    """Source and target of every merge that was not taken back."""
    row = PatientMergeRow
    query = select(row.source, row.target).where(row.tenant == tenant, row.undone_at.is_(None))
    return [(one.source, one.target) for one in connection.execute(query)]


def joined(subjects: Iterable[str], pairs: Iterable[tuple[str, str]]) -> set[str]:
    """The subjects with everything that a chain of merges joins them to, in either direction."""
    known, edges = set(subjects), [set(pair) for pair in pairs]
    while more := [edge for edge in edges if edge & known and not edge <= known]:
        known.update(*more)
    return known


def _in_force(connection: Connection, tenant: str) -> tuple[LegalHold, ...]:
    row = LegalHoldRow
    query = (
        select(row.tenant, row.subject, row.reason, row.placed_at, row.placed_by)
        .where(row.tenant == tenant, row.released_at.is_(None))
        .order_by(row.key)
    )
    return tuple(LegalHold(*one) for one in connection.execute(query))


def _entry(connection: Connection, tenant: str, event: str, subject: str, reason: str, agent: Agent) -> AuditEntry:
    """About a patient, or about an encounter and the patient of its newest coding."""
    patient = subject if subject.startswith("Patient/") else _patient_of(connection, tenant, subject)
    entities = () if subject == patient else (subject,)
    return AuditEntry(tenant, event, Action.UPDATE, Success.DONE, agent, patient, entities, detail={"reason": reason})


def _patient_of(connection: Connection, tenant: str, encounter: str) -> str:
    row = CodedEncounterRow
    query = (
        select(row.patient_reference).where(row.tenant == tenant, row.encounter_reference == encounter).order_by(row.key.desc()).limit(1)
    )
    return connection.scalar(query) or ""
