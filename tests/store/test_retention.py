"""Holds, deletion, expiry and merges: what goes, what stays, and that each is in the audit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, text

from fhir_coder.audit.access import access_of
from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.audit.fhir_event import Observer
from fhir_coder.audit.verification import verify
from fhir_coder.errors import Conflict, RequiredMissing, ResourceUnknown
from fhir_coder.store.audit import AuditLog
from fhir_coder.store.audit_tables import LegalHoldRow
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.deletion import Beyond, Deletion
from fhir_coder.store.engine import open_engine
from fhir_coder.store.holds import Holds
from fhir_coder.store.merging import Merging
from fhir_coder.store.repository import Repository
from fhir_coder.store.upgrade import upgrade
from tests.store.conftest import KEY, MARKER, coding_result
from tests.stores import store_in

OPERATOR = Agent(AgentKind.OPERATOR, "root", "machine.example")
BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
PARTS = ("assignment", "rejection", "finding", "reason", "evidence", "proposal", "receipt", "trail", "note")


@dataclass
class House:
    """A store whose clock goes on by one day for each coding."""

    engine: Engine
    days: int = 0

    def __post_init__(self) -> None:
        self.repository = Repository(self.engine, Cipher(KEY), self._tick)
        self.log = AuditLog(self.engine, Observer("coder.example"), lambda: BEGIN)
        self.deletion = Deletion(self.engine, self.log)
        self.holds = Holds(self.engine, self.log, lambda: BEGIN)
        self.merging = Merging(self.engine, self.log, lambda: BEGIN)

    def _tick(self) -> datetime:
        self.days += 1
        return BEGIN + timedelta(days=self.days)

    def code(self, encounter: str, patient: str, tenant: str = "north", ehr: str = "main") -> str:
        result = coding_result(f"Encounter/{encounter}")
        who = replace(result.intake.encounter.patient, id=patient)
        return self.repository.save(
            tenant, ehr, replace(result, intake=replace(result.intake, encounter=replace(result.intake.encounter, patient=who)))
        )

    def events(self, tenant: str = "north") -> list[str]:
        return [line.columns["event"] for line in self.log.lines(tenant)]

    def is_there(self, coding: str, tenant: str = "north") -> bool:
        return self.repository.get(tenant, coding) is not None

    def patient_of(self, coding: str) -> str:
        found = self.repository.get("north", coding)
        return found.patient_reference if found else ""

    def is_whole(self) -> bool:
        return verify(self.log.lines("north")).is_whole


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    engine = open_engine(database_url)
    upgrade(engine)
    yield House(engine)
    engine.dispose()


# ----------------------------------------------------------------------------------------------------------------- deletion


def test_a_patient_goes_with_all_parts_and_nobody_else(house: House) -> None:
    gone, stays = [house.code("e1", "p1"), house.code("e2", "p1")], [house.code("e3", "p2"), house.code("e1", "p1", tenant="south")]
    assert house.deletion.delete("north", "Patient/p1", "", "asked", OPERATOR) == 2
    assert not any(map(house.is_there, gone)) and house.is_there(stays[0]) and house.is_there(stays[1], "south")
    with house.engine.connect() as connection:
        for part in PARTS:
            owners = connection.execute(text(f"SELECT DISTINCT coded_encounter FROM {part}")).all()
            assert len(owners) == 2, part
    events = house.log.of_patients("north", ("Patient/p1",))
    assert [access_of(one).objects for one in events] == ["Encounter/e1", "Encounter/e2"]
    assert {access_of(one).why for one in events} == {"asked"} and house.is_whole()


def test_an_encounter_goes_alone(house: House) -> None:
    gone, stays = house.code("e1", "p1"), house.code("e2", "p1")
    assert house.deletion.delete("north", "Encounter/e1", "", "asked", OPERATOR) == 1
    assert not house.is_there(gone) and house.is_there(stays)


def test_nobody_there_is_told(house: House) -> None:
    house.code("e1", "p1", tenant="south")
    with pytest.raises(ResourceUnknown):
        house.deletion.delete("north", "Patient/p1", "", "asked", OPERATOR)
    assert house.events() == []


def test_one_id_at_two_ehrs_may_be_two_people(house: House) -> None:
    one, other = house.code("e1", "p1"), house.code("e1", "p1", ehr="second")
    with pytest.raises(RequiredMissing):
        house.deletion.delete("north", "Patient/p1", "", "asked", OPERATOR)
    assert house.deletion.delete("north", "Patient/p1", "second", "asked", OPERATOR) == 1
    assert house.is_there(one) and not house.is_there(other)


@pytest.mark.parametrize("held", ["Patient/p1", "Encounter/e2"])
@pytest.mark.parametrize("asked", ["Patient/p1", "Encounter/e2"])
def test_what_is_held_is_not_deleted(house: House, held: str, asked: str) -> None:
    codings = [house.code("e1", "p1"), house.code("e2", "p1")]
    house.holds.place("north", held, "court", OPERATOR)
    with pytest.raises(Conflict):
        house.deletion.delete("north", asked, "", "asked", OPERATOR)
    assert all(map(house.is_there, codings)) and house.events() == ["hold"]
    house.holds.release("north", held, "over", OPERATOR)
    assert house.deletion.delete("north", asked, "", "asked", OPERATOR) >= 1


def test_a_hold_of_one_tenant_holds_nothing_of_another(house: House) -> None:
    house.code("e1", "p1")
    house.holds.place("south", "Patient/p1", "court", OPERATOR)
    assert house.deletion.delete("north", "Patient/p1", "", "asked", OPERATOR) == 1


def test_a_deletion_whose_event_cannot_be_kept_does_not_happen(house: House) -> None:
    coding = house.code("e1", "p1")
    with house.engine.execution_options(writes=True).begin() as connection:
        connection.execute(text("DROP TABLE audit_event"))
    with pytest.raises(Exception, match="audit_event"):
        house.deletion.delete("north", "Patient/p1", "", "asked", OPERATOR)
    assert house.is_there(coding)


def test_nothing_of_a_deleted_coding_stays_in_the_file(tmp_path: Path) -> None:
    engine = open_engine(store_in(tmp_path))
    upgrade(engine)
    house = House(engine)
    house.code("e1", "p1")
    with house.engine.connect() as connection:  # left open, it would keep the old state of the file
        sealed = connection.execute(text("SELECT text FROM note")).scalar_one()
    stored = lambda: b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())  # noqa: E731
    assert sealed.encode()[:400] in stored() and MARKER.encode() not in stored()
    house.engine.dispose()
    house.deletion.delete("north", "Patient/p1", "", "asked", OPERATOR)
    assert sealed.encode()[:400] not in stored() and sealed.encode()[100:160] not in stored()
    engine.dispose()


# -------------------------------------------------------------------------------------------------------------------- holds


def test_a_hold_is_placed_once_and_lifted_once(house: House) -> None:
    house.code("e1", "p1")
    house.holds.place("north", "Encounter/e1", "court", OPERATOR)
    with pytest.raises(Conflict):
        house.holds.place("north", "Encounter/e1", "court", OPERATOR)
    assert [(one.subject, one.reason, one.placed_by) for one in house.holds.in_force("north")] == [("Encounter/e1", "court", "root")]
    house.holds.release("north", "Encounter/e1", "over", OPERATOR)
    with pytest.raises(ResourceUnknown):
        house.holds.release("north", "Encounter/e1", "over", OPERATOR)
    assert house.holds.in_force("north") == () and house.events() == ["hold", "release-hold"]
    assert len(house.log.of_patients("north", ("Patient/p1",))) == 2, "the patient of the encounter is named"


def _delete(house: House) -> int:
    return house.deletion.delete("north", "Patient/p1", "", "asked", OPERATOR)


def _expire(house: House) -> int:
    return house.deletion.expire("north", BEGIN + timedelta(days=9), OPERATOR)


@pytest.mark.parametrize("remove", [_delete, _expire])
def test_a_hold_that_is_placed_at_the_same_moment_holds(house: House, remove: Callable[[House], int]) -> None:
    """Who deletes waits for who places a hold, and looks then: the hold of a transaction that is not over yet is not to be seen."""
    coding, removed = house.code("e1", "p1"), []

    def deleting() -> None:
        with suppress(Conflict):
            removed.append(remove(house))

    other = threading.Thread(target=deleting)
    with house.engine.execution_options(writes=True).begin() as connection:
        house.log.take_turn(connection, "north")
        held = {"tenant": "north", "subject": "Patient/p1", "reason": "court", "placed_by": "root", "released_by": "", "placed_at": BEGIN}
        connection.execute(insert(LegalHoldRow), held)
        other.start()
        other.join(0.5)
        assert other.is_alive(), "nobody waited"
    other.join(20)
    assert house.is_there(coding) and removed in ([], [0])


# ------------------------------------------------------------------------------------------------------------------- expiry


def test_what_is_beyond_its_time_goes_unless_held(house: House) -> None:
    old, held, young = house.code("e1", "p1"), house.code("e2", "p2"), house.code("e3", "p3")
    house.holds.place("north", "Patient/p2", "court", OPERATOR)
    before = BEGIN + timedelta(days=3)
    assert house.deletion.beyond("north", before) == Beyond(3, 1, 1)
    assert house.deletion.expire("north", before, OPERATOR) == 1
    assert [house.is_there(one) for one in (old, held, young)] == [False, True, True]
    assert house.events() == ["hold", "expire-codings"] and house.deletion.expire("north", before, OPERATOR) == 0


# ------------------------------------------------------------------------------------------------------------------- merges


def test_a_merge_moves_codings_and_can_be_taken_back(house: House) -> None:
    moved, own, other = house.code("e1", "p1"), house.code("e2", "p2"), house.code("e3", "p3")
    assert house.merging.merge("north", "Patient/p1", "Patient/p2", "", "same person", OPERATOR) == 1
    assert [house.patient_of(one) for one in (moved, own, other)] == ["Patient/p2", "Patient/p2", "Patient/p3"]
    assert house.merging.family("north", "Patient/p2") == ("Patient/p1", "Patient/p2")
    assert house.merging.undo("north", "Patient/p1", "Patient/p2", "a mistake", OPERATOR) == 1
    assert [house.patient_of(one) for one in (moved, own)] == ["Patient/p1", "Patient/p2"]
    assert house.merging.family("north", "Patient/p2") == ("Patient/p2",)
    with pytest.raises(ResourceUnknown):
        house.merging.undo("north", "Patient/p1", "Patient/p2", "again", OPERATOR)
    assert house.events() == ["patient-merge"] * 2 + ["patient-unmerge"] * 2 and house.is_whole()


def test_a_report_reaches_back_through_merges(house: House) -> None:
    house.code("e1", "p1")
    house.merging.merge("north", "Patient/p1", "Patient/p2", "", "same", OPERATOR)
    house.merging.merge("north", "Patient/p2", "Patient/p3", "", "same", OPERATOR)
    assert house.merging.family("north", "Patient/p3") == ("Patient/p1", "Patient/p2", "Patient/p3")
    assert house.merging.family("north", "Patient/p1") == ("Patient/p1",)
    assert house.merging.family("south", "Patient/p3") == ("Patient/p3",)


def test_a_circle_of_merges_ends(house: House) -> None:
    house.merging.merge("north", "Patient/p1", "Patient/p2", "", "same", OPERATOR)
    house.merging.merge("north", "Patient/p2", "Patient/p1", "", "the other way", OPERATOR)
    assert house.merging.family("north", "Patient/p1") == ("Patient/p1", "Patient/p2")


def test_a_hold_on_either_follows_the_merge(house: House) -> None:
    house.code("e1", "p1")
    house.holds.place("north", "Patient/p1", "court", OPERATOR)
    house.merging.merge("north", "Patient/p1", "Patient/p2", "", "same", OPERATOR)
    with pytest.raises(Conflict):
        house.deletion.delete("north", "Patient/p2", "", "asked", OPERATOR)


def test_a_merge_in_the_middle_of_a_chain_is_not_taken_back(house: House) -> None:
    """The codings are with the last patient: a hold on the first would let go of them, and they could never go back."""
    coding = house.code("e1", "p1")
    house.merging.merge("north", "Patient/p1", "Patient/p2", "", "same", OPERATOR)
    house.merging.merge("north", "Patient/p2", "Patient/p3", "", "same", OPERATOR)
    house.holds.place("north", "Patient/p1", "court", OPERATOR)
    with pytest.raises(Conflict, match="later merge"):
        house.merging.undo("north", "Patient/p1", "Patient/p2", "a mistake", OPERATOR)
    with pytest.raises(Conflict):
        house.deletion.delete("north", "Patient/p3", "", "asked", OPERATOR)
    house.merging.undo("north", "Patient/p2", "Patient/p3", "a mistake", OPERATOR)
    assert house.merging.undo("north", "Patient/p1", "Patient/p2", "a mistake", OPERATOR) == 1
    assert house.patient_of(coding) == "Patient/p1"


def test_a_merge_whose_codings_were_deleted_can_be_taken_back(house: House) -> None:
    house.code("e1", "p1")
    house.merging.merge("north", "Patient/p1", "Patient/p2", "", "same", OPERATOR)
    house.deletion.delete("north", "Patient/p2", "", "asked", OPERATOR)
    assert house.merging.undo("north", "Patient/p1", "Patient/p2", "a mistake", OPERATOR) == 0


def test_a_merge_of_one_id_at_two_ehrs_asks_which(house: House) -> None:
    one, other = house.code("e1", "p1"), house.code("e1", "p1", ehr="second")
    with pytest.raises(RequiredMissing):
        house.merging.merge("north", "Patient/p1", "Patient/p2", "", "same", OPERATOR)
    assert house.merging.merge("north", "Patient/p1", "Patient/p2", "main", "same", OPERATOR) == 1
    assert [house.patient_of(coding) for coding in (one, other)] == ["Patient/p2", "Patient/p1"]
