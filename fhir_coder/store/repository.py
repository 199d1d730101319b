"""The store's only door: coded encounters by tenant. Every query names the tenant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Engine, delete, func, select, text
from sqlalchemy.orm import Session

from fhir_coder.exchange import CodingResult
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.exclusive import exclusively, open_lock_engine
from fhir_coder.store.inserting import insert_parts, insert_row, owned
from fhir_coder.store.providers import remember_provider
from fhir_coder.store.reading import StoredRows, coding_line, stored_encounter
from fhir_coder.store.records import CodingLine, StoredEncounter, StoredWrite, Within
from fhir_coder.store.review_opening import open_review, take_review_turns
from fhir_coder.store.rows import PartRows, PartValues, encounter_values
from fhir_coder.store.sent_forms import remember_form
from fhir_coder.store.tables import (
    AssignmentRow,
    CodedEncounterRow,
    EvidenceRow,
    FindingRow,
    NoteRow,
    Part,
    ProposalRow,
    ReasonRow,
    ReceiptRow,
    RejectionRow,
    TrailRow,
)
from fhir_coder.store.written import stored_writes, written_query

P = TypeVar("P", bound=Part)
Beside = Callable[[Connection, CodingResult], None]
"""Keeps more in the transaction that keeps a coding, of which it has the id; what it raises keeps both away."""
BesideAll = Callable[[Connection, Sequence[CodingResult]], None]
"""The same for several codings that are kept together."""


def draws_none(tenant: str) -> bool:
    """Where nothing that passes is coded a second time."""
    return False


class Repository:
    """Saves and finds codings. ``now`` tells the time (aware); ``is_drawn`` is asked, with the tenant, for each coding that passes, whether it goes to a
    second review. Safe to share between threads; see :meth:`forget_connections` for forks."""

    def __init__(
        self,
        engine: Engine,
        cipher: Cipher,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        is_drawn: Callable[[str], bool] = draws_none,
    ) -> None:
        self._is_drawn = is_drawn
        self._engine = engine
        self._locking = open_lock_engine(engine)
        self._writing = engine.execution_options(writes=True)
        self._cipher = cipher
        self._now = now

    def save(self, tenant: str, ehr: str, result: CodingResult, beside: Beside | None = None) -> str:
        """Keep a result with its whole trail and open its review, all or nothing, and what is to stand ``beside`` it; returns its id. ``ehr`` is the id of
        the EHR or empty. Raises Conflict where the form that it was asked for with has made a coding already, and what ``beside`` raises."""
        return self.save_all(tenant, ehr, (result,), beside and (lambda connection, saved: beside(connection, *saved)))[0]

    def save_all(self, tenant: str, ehr: str, results: Sequence[CodingResult], beside: BesideAll | None = None) -> tuple[str, ...]:
        """As :meth:`save`, for several in one transaction: all of them are kept or none is."""
        now, rows = self._now().astimezone(UTC), PartRows(tenant, self._cipher)
        saved = [replace(result, coding_id=uuid4().hex) for result in results]
        # Sealed and written out before the transaction begins: whoever else writes waits for its end.
        made = [(encounter_values(tenant, ehr, one, one.coding_id, now, self._cipher), list(rows.of(one))) for one in saved]
        with self._writing.begin() as connection:
            take_review_turns(connection, (values for values, _ in made))
            parts: list[PartValues] = []
            for result, (values, its_parts) in zip(saved, made, strict=True):
                coding = insert_row(connection, CodedEncounterRow, values)
                parts += owned(its_parts, coding)
                if result.sending:
                    remember_form(connection, tenant, result.sending, coding, now)
                open_review(connection, coding, values, result, self._is_drawn)
                if result.is_uploaded:
                    remember_provider(connection, tenant, result, self._cipher)
            insert_parts(connection, parts)
            if beside:
                beside(connection, saved)
        return tuple(one.coding_id for one in saved)

    def settle(self, tenant: str, coding_id: str, result: CodingResult, beside: Beside | None = None) -> None:
        """Put the receipt of a result in the place of the one that it was saved with, and what is to stand ``beside`` it. A coding that was deleted
        meanwhile stays deleted. Raises what ``beside`` raises."""
        coding, receipt, trail = CodedEncounterRow, ReceiptRow, TrailRow
        with self._writing.begin() as connection:
            key = connection.scalar(select(coding.key).where(coding.tenant == tenant, coding.id == coding_id))
            if key is not None:
                connection.execute(delete(receipt).where(receipt.tenant == tenant, receipt.coded_encounter == key, receipt.delivery == 0))
                connection.execute(delete(trail).where(trail.tenant == tenant, trail.coded_encounter == key))
                insert_parts(connection, owned(PartRows(tenant, self._cipher).settled(result), key))
            if beside:
                beside(connection, replace(result, coding_id=coding_id))

    def get(self, tenant: str, coding_id: str) -> StoredEncounter | None:
        """The coding of that id, if it is the tenant's."""
        query = select(CodedEncounterRow).where(CodedEncounterRow.tenant == tenant, CodedEncounterRow.id == coding_id)
        with Session(self._engine) as session:
            return self._read(session, session.scalar(query))

    def latest(self, tenant: str, encounter_reference: str) -> StoredEncounter | None:
        """The tenant's newest coding of an encounter (``Encounter/7``)."""
        query = (
            select(CodedEncounterRow)
            .where(CodedEncounterRow.tenant == tenant, CodedEncounterRow.encounter_reference == encounter_reference)
            .order_by(CodedEncounterRow.key.desc())
            .limit(1)
        )
        with Session(self._engine) as session:
            return self._read(session, session.scalar(query))

    def recent(self, tenant: str, most: int, within: Within = Within()) -> tuple[CodingLine, ...]:  # noqa: B008 (a constant)
        """The tenant's newest codings ``within`` a part of it, newest first."""
        row = CodedEncounterRow
        query = select(row).where(row.tenant == tenant, *_lying(within)).order_by(row.key.desc()).limit(most)
        with Session(self._engine) as session:
            return tuple(coding_line(one) for one in session.scalars(query))

    def line(self, tenant: str, coding_id: str, within: Within = Within()) -> CodingLine | None:  # noqa: B008 (a constant)
        """The coding of that id as one line, if it is the tenant's and lies ``within`` that part of it."""
        row = CodedEncounterRow
        query = select(row).where(row.tenant == tenant, row.id == coding_id, *_lying(within))
        with Session(self._engine) as session:
            found = session.scalar(query)
            return coding_line(found) if found else None

    def artifacts_in_use(self) -> dict[str, int]:
        """How many codings, of all tenants, each kept artifact was used for, by digest."""
        counts: Counter[str] = Counter()
        table = CodedEncounterRow
        with Session(self._engine) as session:
            for column in (table.release_artifact, table.index_artifact, table.ranker_artifact, table.knowledge_artifact):
                counts.update({row[0]: row[1] for row in session.execute(select(column, func.count()).group_by(column))})
        return {digest: count for digest, count in counts.items() if digest}

    @property
    def keeps_text(self) -> bool:
        """Whether the text of notes is stored."""
        return self._cipher.has_key

    def written(self, tenant: str, ehr: str, encounter_reference: str) -> tuple[StoredWrite, ...]:
        """What the EHR answered to all codings of an encounter, oldest first, and what was begun without an answer; nothing for an encounter without a
        reference."""
        if not encounter_reference:
            return ()
        with Session(self._engine) as session:
            lines = session.execute(written_query(tenant, ehr, encounter_reference))
            return tuple(stored_writes(lines, self._cipher))

    def exclusively(self, tenant: str, ehr: str, encounter: str) -> AbstractContextManager[None]:
        """Hold an encounter while it is written: whoever comes meanwhile waits. Raises Conflict when that takes too long."""
        return exclusively(self._locking, f"{tenant} {ehr} {encounter}")

    def ping(self) -> None:
        """Raises an exception of SQLAlchemy when the database does not answer."""
        with self._engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def forget_connections(self) -> None:
        """Drop connections inherited from a parent process without closing them: they are the parent's."""
        self._engine.dispose(close=False)

    def close_connections(self) -> None:
        """Close all connections; the next call opens new ones."""
        self._engine.dispose()

    def close(self) -> None:
        """The same, for ``contextlib.closing``."""
        self.close_connections()

    def _read(self, session: Session, row: CodedEncounterRow | None) -> StoredEncounter | None:
        if row is None:
            return None

        def parts(kind: type[P], *conditions: ColumnElement[bool]) -> list[P]:
            query = select(kind).where(kind.tenant == row.tenant, kind.coded_encounter == row.key, *conditions)
            return list(session.scalars(query.order_by(kind.position, kind.key)))

        rows = StoredRows(
            row,
            parts(AssignmentRow),
            parts(RejectionRow),
            parts(FindingRow),
            parts(ReasonRow),
            parts(EvidenceRow),
            parts(ProposalRow, ProposalRow.delivery == 0),
            parts(ReceiptRow, ReceiptRow.delivery == 0),
            parts(TrailRow),
            parts(NoteRow),
        )
        return stored_encounter(rows, self._cipher)


def _lying(within: Within) -> Iterator[ColumnElement[bool]]:
    """The conditions of a part of a tenant's codings."""
    row = CodedEncounterRow
    columns = ((row.ehr, within.ehr), (row.patient_reference, within.patient), (row.encounter_reference, within.encounter))
    return (column == value for column, value in columns if value)
