"""Processes that do encounters: all of them, each once, whoever is lost; and an end where losing does not stop."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import pytest

from fhir_coder.bulk.ended import Did, End
from fhir_coder.bulk.processes import FIRST_PAUSE_S, LOST_IN_A_ROW, Do, Processes
from fhir_coder.bulk.work import TOGETHER
from fhir_coder.errors import WorkerLost

Doing = Callable[[str], tuple[End | None, str]]


def processes(do: Doing, count: int = 2, lost: list[str] | None = None) -> Processes:
    def do_all(encounters: Iterable[str]) -> list[Did]:
        return [(one, *do(one)) for one in islice(encounters, TOGETHER)]

    def begin() -> Do:
        return do_all

    put_aside = (lost if lost is not None else []).append
    return Processes(count, begin, lambda encounter, error: put_aside(encounter), lambda: None, pause=lambda seconds: None)


def coded(encounter: str) -> tuple[End | None, str]:
    return End.CODED, ""


def ids(count: int) -> list[str]:
    return [f"e{number}" for number in range(count)]


def test_every_encounter_is_done_once_whatever_the_number_of_processes() -> None:
    for count in (1, 2, 5):
        did = list(processes(coded, count).each(iter(ids(40))))
        assert Counter(encounter for encounter, _, _ in did) == dict.fromkeys(ids(40), 1)
        assert {end for _, end, _ in did} == {End.CODED}


def test_nothing_to_do_starts_nobody() -> None:
    assert list(processes(lambda encounter: pytest.fail("started")).each(iter(()))) == []


def test_a_process_that_is_killed_is_replaced_and_what_it_had_is_done(tmp_path: Path) -> None:
    def die_once(encounter: str) -> tuple[End | None, str]:
        mark = tmp_path / encounter
        if encounter in {"e3", "e11"} and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return coded(encounter)

    lost: list[str] = []
    did = list(processes(die_once, lost=lost).each(iter(ids(20))))
    assert Counter(encounter for encounter, _, _ in did) == dict.fromkeys(ids(20), 1)
    assert lost == []


def test_an_encounter_that_takes_its_process_along_is_put_aside() -> None:
    def deadly(encounter: str) -> tuple[End | None, str]:
        return coded(encounter) if encounter != "e5" else os._exit(3)

    lost: list[str] = []
    did = {encounter: (end, error) for encounter, end, error in processes(deadly, lost=lost).each(iter(ids(12)))}
    assert did.pop("e5") == (End.AGAIN, "FC503")
    assert lost == ["e5"]
    assert len(did) == 11 and set(did.values()) == {(End.CODED, "")}


def test_what_was_in_hand_when_a_process_was_lost_is_done_one_by_one(tmp_path: Path) -> None:
    """Nobody can tell which of them it was: each is done alone afterwards, and what was not in hand is done together as before."""

    def begin() -> Do:
        def do_all(encounters: Iterable[str]) -> list[Did]:
            taken = list(islice(encounters, TOGETHER))
            (tmp_path / f"{'-'.join(taken)}.{os.getpid()}").touch()
            if "e9" in taken and len(taken) > 1:
                os.kill(os.getpid(), signal.SIGKILL)
            return [(one, End.CODED, "") for one in taken]

        return do_all

    made = Processes(1, begin, lambda encounter, error: pytest.fail("put aside"), lambda: None)
    assert [encounter for encounter, _, _ in made.each(iter(ids(40)))] == ids(40)
    groups = [path.name.partition(".")[0].split("-") for path in tmp_path.iterdir()]
    [lost] = [group for group in groups if "e9" in group and len(group) > 1]
    assert all([one] in groups for one in lost)
    assert max(map(len, groups)) > 1 and len([group for group in groups if "e39" in group]) == 1


def test_an_exception_ends_the_process_and_not_the_run() -> None:
    def failing(encounter: str) -> tuple[End | None, str]:
        if encounter == "e2":
            raise OSError("the disk is full")
        return coded(encounter)

    lost: list[str] = []
    assert len(list(processes(failing, lost=lost).each(iter(ids(6))))) == 6
    assert lost == ["e2"]


def test_a_run_that_loses_everybody_stops() -> None:
    done = processes(lambda encounter: os._exit(3), count=1).each(iter(ids(100)))
    with pytest.raises(WorkerLost, match="one after the other"):
        for _ in done:
            pass
    assert LOST_IN_A_ROW < 20


def test_what_takes_everybody_along_for_a_while_is_waited_for(tmp_path: Path) -> None:
    """A database that is restarted, a disk that somebody clears: the longer it lasts the longer is waited before another process is begun."""
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == LOST_IN_A_ROW - 2:
            (tmp_path / "back").touch()

    made = processes(lambda encounter: coded(encounter) if (tmp_path / "back").exists() else os._exit(3), count=1)
    made.pause = pause
    assert sorted(encounter for encounter, _, _ in made.each(iter(ids(40)))) == sorted(ids(40))
    assert waited == [FIRST_PAUSE_S * 2**times for times in range(LOST_IN_A_ROW - 2)]


def test_one_that_cannot_be_put_aside_for_now_is_done_once_more(tmp_path: Path) -> None:
    """The last encounter of a run, and the store is away: nothing is left to be done meanwhile, and it can be kept nowhere that it was lost."""
    asked: list[str] = []

    def lose(encounter: str, error: WorkerLost) -> None:
        asked.append(encounter)
        (tmp_path / "back").touch()
        raise RuntimeError("the database is away")

    made = processes(lambda encounter: coded(encounter) if (tmp_path / "back").exists() else os._exit(3), count=1)
    made.lose = lose
    assert list(made.each(iter(["e0"]))) == [("e0", End.CODED, "")]
    assert asked == ["e0"]


def test_those_who_are_left_alone_end(tmp_path: Path) -> None:
    """The parent is killed: its children end after what they have in hand, and begin nothing more."""
    parent = os.fork()
    if parent == 0:

        def slow(encounter: str) -> tuple[End | None, str]:
            (tmp_path / encounter).write_text(str(os.getpid()), encoding="ascii")
            time.sleep(0.3)
            return coded(encounter)

        list(processes(slow).each(iter(ids(50))))
        os._exit(0)
    while len(list(tmp_path.iterdir())) < 2:
        time.sleep(0.01)
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    children = {int(path.read_text(encoding="ascii") or 0) for path in tmp_path.iterdir()} - {0}
    deadline = time.monotonic() + 10
    while any(_lives(one) for one in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [one for one in children if _lives(one)]
    assert len(list(tmp_path.iterdir())) <= 4


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_who_asks_for_no_more_lets_everybody_end() -> None:
    made = processes(coded)
    done = made.each(iter(ids(50)))
    assert next(done)[1] is End.CODED
    children = [one.pid for one in made._running]
    done.close()
    assert children
    for child in children:
        with pytest.raises(ChildProcessError):
            os.waitpid(child, os.WNOHANG)
