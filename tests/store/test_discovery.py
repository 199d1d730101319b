"""What discovery keeps, on both kinds of database: claims, marks, and a job that stands together with what it is for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from fhir_coder.discovery.watched import Found, Mark, WatchState, Why
from fhir_coder.errors import Busy
from fhir_coder.jobs.job import Caller, Job, JobLimits, Priority
from fhir_coder.store import discovery
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.discovery import DiscoveryStore
from fhir_coder.store.earlier import EarlierCodings
from fhir_coder.store.engine import open_engine
from fhir_coder.store.jobs import Jobs
from fhir_coder.store.repository import Repository
from tests.store.conftest import KEY, coding_result


class Desk:
    """Discovery and jobs over one database, and a clock of seconds."""

    def __init__(self, url: str, waiting: int = 1000) -> None:
        self.now = 1_000_000.0
        self.engine = open_engine(url)
        self.store = DiscoveryStore(self.engine, lambda: self.now)
        self.jobs = Jobs(self.engine, Cipher(KEY), JobLimits(waiting=waiting), lambda: self.now)
        self._numbers = 0

    def add(self, connection: Any) -> Job:
        self._numbers += 1
        return self.jobs.add_within(
            connection, "north", Caller("x", f"{threading.get_ident()} {self._numbers}"), "{}", "Encounter/1", Priority.BULK
        )


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    made = Desk(database_url)
    yield made
    made.engine.dispose()


def test_what_is_found_twice_is_watched_once(desk: Desk) -> None:
    assert desk.store.note("north", "main", [Found("e1", "a"), Found("e2", "a"), Found("e1", "a")]) == 2
    assert desk.store.note("north", "main", [Found("e1", "a"), Found("e2", "b")]) == 1
    assert desk.store.note("north", "main", [Found("e1")]) == 1
    assert [one.encounter for one in desk.store.claim_due("north", "main", 9)] == ["e1", "e2"]


def test_what_somebody_named_and_the_ehr_told_nothing_of_has_so_much_room(desk: Desk) -> None:
    desk.store.note("north", "main", [Found("e1"), Found("e2")], room=2)
    for named in ([Found("e3")], [Found("e1"), Found("e3")]):
        with pytest.raises(Busy, match="2 encounters wait"):
            desk.store.note("north", "main", named, room=2)
    assert desk.store.note("north", "main", [Found("e1")], room=2) == 1
    assert desk.store.note("north", "other", [Found("e3")], room=2) == 1
    assert desk.store.note("south", "main", [Found("e3")], room=2) == 1
    first, second = desk.store.claim_due("north", "main", 9)
    desk.store.later("north", first, Why.UNSIGNED, 0)
    desk.store.later("north", second, Why.UNKNOWN, 0)
    assert desk.store.note("north", "main", [Found("e3")], room=2) == 1
    with pytest.raises(Busy):
        desk.store.note("north", "main", [Found("e4")], room=2)


def test_tenants_and_ehrs_are_apart(desk: Desk) -> None:
    for place in (("north", "main"), ("south", "main"), ("north", "other")):
        desk.store.note(*place, [Found("e1", "a")], "updated", Mark(" ".join(place)))
    for place in (("north", "main"), ("south", "main"), ("north", "other")):
        assert desk.store.mark(*place, "updated") == Mark(" ".join(place))
        assert [one.encounter for one in desk.store.claim_due(*place, 9)] == ["e1"]
        assert [one.count for one in desk.store.counts(*place)] == [1]
    assert desk.store.mark("south", "other", "updated") == Mark()


def test_a_mark_and_what_was_found_stand_together(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise SystemExit("the process dies")

    monkeypatch.setattr(DiscoveryStore, "_set", fails)
    with pytest.raises(SystemExit):
        desk.store.note("north", "main", [Found("e1", "a")], "updated", Mark("m"))
    monkeypatch.undo()
    assert desk.store.claim_due("north", "main", 9) == ()
    assert desk.store.mark("north", "main", "updated") == Mark()


def test_many_are_put_down_in_parts(desk: Desk) -> None:
    found = [Found(f"e{number}", "a") for number in range(discovery.AT_ONCE * 2 + 3)]
    assert desk.store.note("north", "main", found) == len(found)
    assert desk.store.note("north", "main", found) == 0
    assert len(desk.store.claim_due("north", "main", 9999)) == len(found)


def test_a_claim_is_one_processes_and_ends(desk: Desk) -> None:
    desk.store.note("north", "main", [Found("e1", "a")])
    (first,) = desk.store.claim_due("north", "main", 9)
    assert desk.store.claim_due("north", "main", 9) == ()
    desk.now += discovery.CLAIM_S + 1
    (second,) = desk.store.claim_due("north", "main", 9)
    assert not desk.store.later("north", first, Why.NO_NOTE, 0)
    assert not desk.store.close("north", first, Why.INPATIENT)
    assert desk.store.take("north", first, "v1", 0, desk.add) is None
    assert desk.store.take("north", second, "v1", 0, desk.add) is not None
    assert desk.store.take("north", second, "v2", 0, desk.add) is None  # the claim went with the job
    assert len(desk.jobs.entries("north")) == 1


def test_a_version_is_taken_on_once(desk: Desk) -> None:
    desk.store.note("north", "main", [Found("e1", "a")])
    (one,) = desk.store.claim_due("north", "main", 9)
    job = desk.store.take("north", one, "v1", int(desk.now), desk.add)
    assert job is not None and desk.store.is_open("north", job.id) and not desk.store.is_open("south", job.id)
    (again,) = desk.store.claim_due("north", "main", 9)
    assert (again.version, again.jobs, again.job, again.state) == ("v1", 1, job.id, WatchState.TAKEN)
    assert desk.store.take("north", again, "v1", 0, desk.add) is None
    assert desk.store.take("north", again, "v2", 0, desk.add) is not None


def test_a_full_queue_leaves_an_encounter_as_it_was(database_url: str) -> None:
    desk = Desk(database_url, waiting=1)
    desk.store.note("north", "main", [Found("e1", "a"), Found("e2", "a")])
    first, second = desk.store.claim_due("north", "main", 9)
    assert desk.store.take("north", first, "v1", 0, desk.add) is not None
    with pytest.raises(Busy):
        desk.store.take("north", second, "v1", 0, desk.add)
    desk.store.give_back("north", [second])
    assert [one.version for one in desk.store.claim_due("north", "main", 9) if one.encounter == "e2"] == [""]
    desk.engine.dispose()


def test_the_rest_of_the_places_is_for_callers(database_url: str) -> None:
    desk = Desk(database_url, waiting=10)
    for number in range(8):
        with desk.engine.execution_options(writes=True).begin() as connection:
            desk.jobs.add_within(connection, "north", Caller("x", str(number)), "{}", "", Priority.BULK, 0.8)
    with pytest.raises(Busy), desk.engine.execution_options(writes=True).begin() as connection:
        desk.jobs.add_within(connection, "north", Caller("x", "9"), "{}", "", Priority.BULK, 0.8)
    assert desk.jobs.add("north", Caller("y", "10"), "{}", "").is_open
    desk.engine.dispose()


def test_processes_at_once_claim_each_encounter_once(database_url: str) -> None:
    """Threads with engines of their own, which note the same, claim and take on."""
    taken: list[str] = []
    ready = threading.Barrier(4)

    def work() -> None:
        desk = Desk(database_url)
        ready.wait()
        desk.store.note("north", "main", [Found(f"e{number}", "a") for number in range(40)])
        while claimed := desk.store.claim_due("north", "main", 5):
            taken.extend(one.encounter for one in claimed if desk.store.take("north", one, "v1", int(desk.now) + 9999, desk.add))
        desk.engine.dispose()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(taken) == sorted(f"e{number}" for number in range(40))
    desk = Desk(database_url)
    assert len(desk.jobs.entries("north")) == 40
    desk.engine.dispose()


def test_being_left_alone_grows_and_ends(desk: Desk) -> None:
    asked: list[int] = []

    def wait_s(failures: int) -> float:
        asked.append(failures)
        return 60.0 * failures

    assert [desk.store.hold("north", "main", wait_s) - int(desk.now) for _ in range(3)] == [60, 120, 180]
    assert asked == [1, 2, 3] and desk.store.held_until_s("north", "main") == int(desk.now) + 180
    desk.store.answered("north", "main")
    assert desk.store.held_until_s("north", "main") == 0
    assert desk.store.hold("north", "main", wait_s) == int(desk.now) + 60


def test_what_is_closed_is_watched_again_when_it_changed_and_forgotten_when_not(desk: Desk) -> None:
    desk.store.note("north", "main", [Found("e1", "a"), Found("e2", "a")])
    for one in desk.store.claim_due("north", "main", 9):
        desk.store.close("north", one, Why.INPATIENT)
    assert desk.store.note("north", "main", [Found("e1", "a"), Found("e2", "b")]) == 1
    assert [one.encounter for one in desk.store.claim_due("north", "main", 9)] == ["e2"]
    desk.now += discovery.FORGOTTEN_S + discovery.CLAIM_S + 10
    assert desk.store.forget("south", "main") == 0
    assert desk.store.forget("north", "main") == 1


def test_the_coding_before(database_url: str) -> None:
    engine = open_engine(database_url)
    repository, earlier = Repository(engine, Cipher(KEY)), EarlierCodings(engine)
    first = repository.save("north", "main", coding_result())
    for place in (("south", "main", "Encounter/e1"), ("north", "other", "Encounter/e1"), ("north", "main", "Encounter/e2")):
        repository.save(place[0], place[1], coding_result(place[2]))
    second = repository.save("north", "main", coding_result())
    told = repository.get("north", second)
    assert told is not None
    found = earlier.before(told)
    assert found is not None and found.id == first and found.codes == ("R05.9", "Q87.89")
    assert found.titles["R05.9"] == "Cough, unspecified"
    assert [(one.name, len(one.sha256)) for one in found.notes] == [("DocumentReference/n1", 64)]
    whole = repository.get("north", first)
    assert whole is not None and earlier.before(whole) is None
    engine.dispose()
