"""The audit in a database: no gap whoever writes at once, append-only for everybody, and pruned so that it can still be verified."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from fhir_coder.audit.chain import read_head
from fhir_coder.audit.entry import Action, Agent, AgentKind, AuditEntry, Success
from fhir_coder.audit.fhir_event import Observer
from fhir_coder.audit.verification import Verdict, verify
from fhir_coder.errors import NotRecorded
from fhir_coder.fhir.reader import read_json
from fhir_coder.store.audit import AuditLog
from fhir_coder.store.engine import open_engine
from fhir_coder.store.holds import Holds
from fhir_coder.store.merging import Merging
from fhir_coder.store.pruning import Pruning
from fhir_coder.store.upgrade import upgrade

OPERATOR = Agent(AgentKind.OPERATOR, "root", "machine.example")
BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
WRITER = """
import sys
from fhir_coder.audit.entry import Action, Agent, AgentKind, AuditEntry, Success
from fhir_coder.store.start import open_stores
stores = open_stores(sys.argv[1], "")
for number in range(int(sys.argv[3])):
    stores.audit.record(AuditEntry("north", "trail", Action.READ, Success.DONE, Agent(AgentKind.CLIENT, sys.argv[2]), f"Patient/{number}"))
"""


def entry(patient: str = "Patient/7", tenant: str = "north", entities: tuple[str, ...] = ()) -> AuditEntry:
    return AuditEntry(tenant, "code-encounter", Action.EXECUTE, Success.DONE, Agent(AgentKind.CLIENT, "engine"), patient, entities)


@dataclass
class Store:
    """A log whose clock goes one day further with every event, and what stands beside it."""

    engine: Engine
    days: int = 0

    def __post_init__(self) -> None:
        self.log = AuditLog(self.engine, Observer("coder.example"), self._tick)
        self.pruning = Pruning(self.engine, self.log, lambda: BEGIN)
        self.holds = Holds(self.engine, self.log, lambda: BEGIN)
        self.merging = Merging(self.engine, self.log, lambda: BEGIN)

    def _tick(self) -> datetime:
        self.days += 1
        return day(self.days)

    def fill(self, count: int) -> None:
        for number in range(1, count + 1):
            self.log.record(entry(f"Patient/{number}", entities=(f"Encounter/{number}",)))

    def verdict(self, tenant: str = "north", *anchors: str) -> Verdict:
        return verify(self.log.lines(tenant), self.log.start(tenant), map(read_head, anchors))

    def execute(self, *statements: str) -> None:
        with self.engine.execution_options(writes=True).begin() as connection:
            for statement in statements:
                connection.execute(text(statement))


def day(number: int) -> datetime:
    return BEGIN + timedelta(days=number)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    engine = open_engine(database_url)
    upgrade(engine)
    yield Store(engine)
    engine.dispose()


def test_events_are_kept_in_order_and_readable(store: Store) -> None:
    store.fill(3)
    store.log.record(entry(tenant="south"))
    assert [line.sequence for line in store.log.lines("north")] == [1, 2, 3]
    assert store.log.tenants() == ("north", "south")
    assert str(store.log.head("south")).startswith("1:")
    assert store.verdict().is_whole and store.verdict("south").is_whole
    for line in store.log.lines("north"):
        assert read_json(line.content.encode())["resourceType"] == "AuditEvent"
    assert [one["entity"][1]["what"]["reference"] for one in store.log.of_patients("north", ("Patient/2", "Patient/9"))] == ["Encounter/2"]
    assert store.log.of_patients("south", ("Patient/2",)) == ()


def test_a_long_chain_is_read_piece_by_piece(store: Store) -> None:
    with store.engine.execution_options(writes=True).begin() as connection:
        for _ in range(1203):
            store.log.append(connection, entry())
    assert [line.sequence for line in store.log.lines("north")] == list(range(1, 1204))
    assert [line.sequence for line in store.log.lines("north", 499, 502)] == [499, 500, 501, 502]
    assert store.verdict().count == 1203


def test_events_that_are_added_together_follow_each_other(store: Store) -> None:
    store.fill(2)
    with store.engine.execution_options(writes=True).begin() as connection:
        head = store.log.append(connection, *(entry(f"Patient/{number}") for number in range(3)))
    store.log.record(entry())
    assert [line.sequence for line in store.log.lines("north")] == [1, 2, 3, 4, 5, 6] and head.sequence == 5
    assert store.verdict().is_whole


def test_a_span_of_time_is_a_span_of_numbers(store: Store) -> None:
    store.fill(5)
    moments = [line.columns["recorded"] for line in store.log.lines("north")]
    assert store.log.span("north", "", "") == (1, 5)
    assert store.log.span("north", moments[1], moments[3]) == (2, 3)
    assert store.log.span("north", "2031-01-01T00:00:00.000Z", "") == (1, 0)
    assert store.log.span("south", "", "") == (1, 0)


def test_threads_and_processes_at_once_leave_no_gap(store: Store, database_url: str) -> None:
    command = [sys.executable, "-c", WRITER, database_url]
    processes = [subprocess.Popen([*command, name, "40"], stderr=subprocess.PIPE) for name in ("one", "two", "three")]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: store.log.record(entry(f"Patient/{number}")), range(80)))
    errors = [process.communicate(timeout=120)[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], errors
    verdict = store.verdict()
    assert (verdict.faults, verdict.count) == ((), 200)


def test_an_event_of_a_transaction_that_fails_is_not_there(store: Store) -> None:
    store.fill(1)
    with pytest.raises(ZeroDivisionError), store.engine.execution_options(writes=True).begin() as connection:
        store.log.append(connection, entry())
        _ = 1 / 0
    store.log.record(entry())
    assert [line.sequence for line in store.log.lines("north")] == [1, 2] and store.verdict().is_whole


def test_a_database_that_does_not_take_it_is_told(store: Store) -> None:
    store.execute("DROP TABLE audit_event")
    with pytest.raises(NotRecorded) as caught:
        store.log.record(entry())
    assert caught.value.status == 503 and "Patient" not in caught.value.message


# ------------------------------------------------------------------------------------------------------------- append-only

REFUSED = {
    "change": "UPDATE audit_event SET content = 'x' WHERE sequence = 2",
    "change of a number": "UPDATE audit_event SET sequence = 9 WHERE sequence = 2",
    "removal": "DELETE FROM audit_event WHERE sequence = 2",
    "removal of the newest": "DELETE FROM audit_event WHERE sequence = 3",
    "removal of all": "DELETE FROM audit_event",
    "a number twice": "INSERT INTO audit_event (tenant, sequence, hash, event, patient, recorded, content) VALUES ('north', 2, '', '', '', '', '')",
    "change of a checkpoint": "UPDATE audit_checkpoint SET sequence = 3",
    "removal of a checkpoint": "DELETE FROM audit_checkpoint",
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_database_refuses(store: Store, name: str) -> None:
    store.fill(4)
    assert store.pruning.prune("north", day(2), OPERATOR) == 1
    before = list(store.log.lines("north"))
    with pytest.raises(SQLAlchemyError):
        store.execute(REFUSED[name])
    assert list(store.log.lines("north")) == before and store.verdict().is_whole


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_refuses_to_truncate(store: Store) -> None:
    store.fill(2)
    for table in ("audit_event", "audit_checkpoint"):
        with pytest.raises(SQLAlchemyError, match="append-only"):
            store.execute(f"TRUNCATE {table}")


# ---------------------------------------------------------------------------------------------------------------- tampering


def unguarded(store: Store) -> None:
    """What whoever owns the database can do."""
    on = " ON audit_event" if store.engine.dialect.name == "postgresql" else ""
    store.execute(f"DROP TRIGGER audit_event_update{on}", f"DROP TRIGGER audit_event_delete{on}")


TAMPERED: dict[str, tuple[tuple[str, ...], int]] = {
    "an event edited": (("UPDATE audit_event SET content = replace(content, 'Patient/3', 'Patient/4') WHERE sequence = 3",), 3),
    "the patient beside it edited": (("UPDATE audit_event SET patient = 'Patient/4' WHERE sequence = 3",), 3),
    "one in the middle removed": (("DELETE FROM audit_event WHERE sequence = 3",), 4),
    "the first removed": (("DELETE FROM audit_event WHERE sequence = 1",), 2),
    "two exchanged": (
        (
            "UPDATE audit_event SET sequence = 99 WHERE sequence = 2",
            "UPDATE audit_event SET sequence = 2 WHERE sequence = 3",
            "UPDATE audit_event SET sequence = 3 WHERE sequence = 99",
        ),
        2,
    ),
    "one moved to another tenant": (("UPDATE audit_event SET tenant = 'south' WHERE sequence = 3",), 4),
    "the front removed under a forged checkpoint": (
        (
            "INSERT INTO audit_checkpoint (tenant, sequence, hash, made_at) SELECT tenant, sequence, hash, '2026-01-01 00:00:00' FROM audit_event WHERE sequence = 2",
            "DELETE FROM audit_event WHERE sequence <= 2",
        ),
        2,
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_tampering_by_the_owner_of_the_database_is_found(store: Store, name: str) -> None:
    store.fill(5)
    unguarded(store)
    statements, where = TAMPERED[name]
    store.execute(*statements)
    faults = store.verdict().faults
    assert faults and faults[0].sequence == where


def test_a_tail_cut_off_is_found_by_a_head_kept_elsewhere(store: Store) -> None:
    store.fill(5)
    head = str(store.log.head("north"))
    unguarded(store)
    store.execute("DELETE FROM audit_event WHERE sequence > 3")
    assert store.verdict().is_whole
    assert not store.verdict("north", head).is_whole
    store.log.record(entry())
    store.log.record(entry())
    assert [one.sequence for one in store.verdict("north", head).faults] == [5]


# ------------------------------------------------------------------------------------------------------------------ pruning


def test_pruning_leaves_a_chain_that_verifies_and_tells_of_it(store: Store) -> None:
    store.fill(6)
    heads = [f"{line.sequence}:{line.hash}" for line in store.log.lines("north")]
    assert store.pruning.overdue("north", day(4)).prunable == 3
    assert store.pruning.prune("north", day(4), OPERATOR) == 3
    lines = list(store.log.lines("north"))
    assert [line.sequence for line in lines] == [4, 5, 6, 7]
    assert lines[-1].columns["event"] == "audit-prune" and heads[2] in lines[-1].content
    verdict = store.verdict("north", heads[5], heads[2], heads[0])
    assert verdict.is_whole and verdict.notes == ("event 1 was removed by retention and cannot be compared",)


def test_pruning_again_and_pruning_everything(store: Store) -> None:
    store.fill(4)
    assert [store.pruning.prune("north", day(number), OPERATOR) for number in (3, 3, 4)] == [2, 0, 1]
    assert store.verdict().is_whole
    assert store.pruning.prune("north", day(1000), OPERATOR) == 3
    assert [line.sequence for line in store.log.lines("north")] == [7] and store.verdict().is_whole
    store.log.record(entry())
    assert str(store.log.head("north")).startswith("8:") and store.verdict().is_whole


def test_pruning_one_tenant_leaves_the_others(store: Store) -> None:
    store.fill(2)
    store.log.record(entry(tenant="south"))
    store.pruning.prune("north", day(1000), OPERATOR)
    assert [line.sequence for line in store.log.lines("south")] == [1] and store.verdict("south").is_whole


@pytest.mark.parametrize(("subject", "left"), [("Patient/3", 2), ("Encounter/3", 2), ("Patient/1", 0), ("Patient/77", 5)])
def test_pruning_stops_at_what_is_held(store: Store, subject: str, left: int) -> None:
    store.fill(5)
    store.holds.place("north", subject, "court", OPERATOR)
    assert store.pruning.prune("north", day(6), OPERATOR) == left
    assert store.verdict().is_whole


def test_a_hold_follows_a_merged_patient(store: Store) -> None:
    store.fill(5)
    store.merging.merge("north", "Patient/2", "Patient/9", "", "same person", OPERATOR)
    store.holds.place("north", "Patient/9", "court", OPERATOR)
    assert store.pruning.prune("north", day(6), OPERATOR) == 1


def test_a_clock_set_back_removes_nothing_young(store: Store) -> None:
    store.fill(3)
    store.days = 0
    store.fill(2)
    assert store.pruning.prune("north", day(2), OPERATOR) == 1
    assert [line.sequence for line in store.log.lines("north")] == [2, 3, 4, 5, 6] and store.verdict().is_whole


def test_the_content_holds_the_canonical_json(store: Store) -> None:
    store.fill(1)
    (line,) = store.log.lines("north")
    assert json.dumps(json.loads(line.content), sort_keys=True, separators=(",", ":"), ensure_ascii=False) == line.content
