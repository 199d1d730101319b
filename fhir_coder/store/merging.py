"""When two patient records turn out to be one person: the codings of one become the other's, and it can be taken back.

Only the reference by which a coding is found changes. What was read, decided and written then stays as it was, and so does the audit.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select, update

from fhir_coder.audit.entry import Action, Agent, AuditEntry, Success
from fhir_coder.errors import Conflict, RequiredMissing, ResourceUnknown
from fhir_coder.store.audit import AuditLog, now_utc
from fhir_coder.store.audit_tables import PatientMergeRow
from fhir_coder.store.holds import merged_pairs
from fhir_coder.store.tables import CodedEncounterRow


class Merging:
    """``audit`` is the log of the same database."""

    def __init__(self, engine: Engine, audit: AuditLog, now: Callable[[], datetime] = now_utc) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._audit = audit
        self._now = now

    def merge(self, tenant: str, source: str, target: str, ehr: str, reason: str, agent: Agent) -> int:
        """Give the codings of ``source`` (``Patient/7``) to ``target``; returns how many. ``ehr`` empty: the only EHR they are of.

        Raises RequiredMissing where they are of several EHRs."""
        row = CodedEncounterRow
        query = select(row.id, row.ehr).where(row.tenant == tenant, row.patient_reference == source)
        with self._writing.begin() as connection:
            self._audit.take_turn(connection, tenant)
            found = connection.execute(query.where(row.ehr == ehr) if ehr else query).all()
            if len({one.ehr for one in found}) > 1:
                raise RequiredMissing(f"{source} has codings of several EHRs: name one with --ehr")
            codings = [one.id for one in found]
            _move(connection, tenant, codings, source, target)
            note = {"source": source, "target": target, "ehr": ehr, "codings": codings, "reason": reason}
            made = {"tenant": tenant, "merged_at": self._now(), "merged_by": agent.id, "undone_by": ""}
            connection.execute(insert(PatientMergeRow), note | made)
            self._tell(connection, tenant, "patient-merge", (source, target), len(codings), reason, agent)
        return len(codings)

    def undo(self, tenant: str, source: str, target: str, reason: str, agent: Agent) -> int:
        """Take the newest merge of the two back; returns how many codings went back.

        Raises ResourceUnknown where there is none, and Conflict where codings of it were merged further: taken out of the middle of a chain, a
        merge would leave them with the last patient, and a hold on the first would not reach them any more."""
        row = PatientMergeRow
        pair = (row.tenant == tenant, row.source == source, row.target == target, row.undone_at.is_(None))
        with self._writing.begin() as connection:
            self._audit.take_turn(connection, tenant)
            found = connection.execute(select(row.key, row.codings).where(*pair).order_by(row.key.desc()).limit(1)).first()
            if found is None:
                raise ResourceUnknown(f"{source} was not merged into {target}")
            if _elsewhere(connection, tenant, found.codings, target):
                raise Conflict(f"codings of {source} were merged further than {target}: take the later merge back first")
            moved = _move(connection, tenant, found.codings, target, source)
            connection.execute(update(row).where(row.key == found.key).values(undone_at=self._now(), undone_by=agent.id))
            self._tell(connection, tenant, "patient-unmerge", (source, target), moved, reason, agent)
        return moved

    def family(self, tenant: str, patient: str) -> tuple[str, ...]:
        """A patient with all that were merged into it, however far back."""
        with self._engine.connect() as connection:
            pairs = merged_pairs(connection, tenant)
        known = {patient}
        while more := {source for source, target in pairs if target in known} - known:
            known |= more
        return tuple(sorted(known))

    def _tell(self, connection: Connection, tenant: str, event: str, pair: tuple[str, str], count: int, reason: str, agent: Agent) -> None:
        """One event for each of the two, so that a report on either has it."""
        source, target = pair
        detail = {"from": source, "into": target, "codings": str(count), "reason": reason}
        for patient, other in ((source, target), (target, source)):
            entry = AuditEntry(tenant, event, Action.UPDATE, Success.DONE, agent, patient, (other,), detail=detail)
            self._audit.append(connection, entry)


def _elsewhere(connection: Connection, tenant: str, codings: list[str], patient: str) -> bool:
    """Whether one of the codings, as far as they are still there, is another patient's."""
    row = CodedEncounterRow
    owners = (select(row.patient_reference).where(row.tenant == tenant, row.id == coding) for coding in codings)
    return any(owner not in {None, patient} for owner in map(connection.scalar, owners))


def _move(connection: Connection, tenant: str, codings: list[str], source: str, target: str) -> int:
    """Those that are still the source's."""
    row, moved = CodedEncounterRow, 0
    for coding in codings:
        change = update(row).where(row.tenant == tenant, row.id == coding, row.patient_reference == source)
        moved += connection.execute(change.values(patient_reference=target)).rowcount
    return moved
