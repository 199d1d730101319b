"""Killed at any moment, one process or all of them, and resumed: every encounter is coded once, and its lines stand in the output once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from fhir_coder.bulk.folder import make_folder
from fhir_coder.store.start import open_stores
from tests.bulk.crashing import TENANT
from tests.bulk.exports import lines_of, small_export
from tests.store.conftest import KEY

ROOT = Path(__file__).resolve().parents[2]
LONGEST_S = 120
START_S = 6.0
"""Seconds within which a run that is to be killed without a look at it is killed: some kills fall into its start."""


def children(pid: int) -> list[int]:
    """Processes that were forked by one."""
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except (OSError, ValueError):
        return []


def kill(*pids: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


class Killing:
    """Runs a run, kills it at a random moment, and again until it comes to its end."""

    def __init__(self, folder: Path, database_url: str, encounters: int, kills: int, seed: int) -> None:
        self.out, self.export, self.chance = folder / "out", small_export(folder / "export", range(encounters)), random.Random(seed)
        self.database_url, self.encounters, self.kills, self.in_the_midst = database_url, encounters, kills, 0
        make_folder(self.out)

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.bulk.crashing", str(self.export), str(self.out), self.database_url, "2"]
        return subprocess.Popen(command, cwd=ROOT)

    def kill_once(self) -> None:
        """One start, one kill: of the parent, of one child (then of the parent a while later), or of all at once."""
        process = self.start()
        self._let_go_on(process)
        self.in_the_midst += process.poll() is None
        forked = children(process.pid)
        match self.chance.choice(("parent", "child", "all")):
            case "child" if forked:
                kill(self.chance.choice(forked))
                time.sleep(self.chance.uniform(0.0, 0.3))
                kill(process.pid)
            case "all":
                kill(process.pid, *forked)
            case _:
                kill(process.pid)
        process.wait(timeout=LONGEST_S)

    def _let_go_on(self, process: subprocess.Popen[bytes]) -> None:
        """Until a random moment of the start, or until so many lines more stand in the output: few enough that the last kill finds something to be done."""
        if self.chance.random() < 0.25:
            time.sleep(self.chance.uniform(0.0, START_S))
            return
        wanted = self.lines() + self.chance.randint(1, max(2, self.encounters // self.kills))
        while process.poll() is None and self.lines() < wanted:
            time.sleep(0.002)

    def lines(self) -> int:
        return sum(path.read_bytes().count(b"\n") for path in self.out.glob("OperationOutcome.*.ndjson"))

    def finish(self) -> int:
        process = self.start()
        return process.wait(timeout=LONGEST_S)

    def require_once(self) -> None:
        expected = {f"Encounter/e{number}" for number in range(self.encounters)}
        stores = open_stores(self.database_url, KEY)
        coded = Counter(one.encounter_reference for one in stores.repository.recent(TENANT, 10 * self.encounters))
        stores.close()
        assert coded == dict.fromkeys(expected, 1)
        told = Counter(one["issue"][0]["diagnostics"].partition(":")[0] for one in lines_of(self.out, "OperationOutcome"))
        assert told == {f"Encounter/e{number}": 1 for number in range(self.encounters)}
        named = Counter(one["id"] for one in lines_of(self.out, "Condition"))
        assert len(named) == self.encounters and set(named.values()) == {1}


def go(folder: Path, database_url: str, encounters: int, kills: int) -> int:
    """How many of the kills fell into a run that was going on: a small one may be over while it is waited for."""
    seed = int(os.environ.get("FHIR_CODER_TEST_SEED", random.randrange(10**6)))
    print(f"\nFHIR_CODER_TEST_SEED={seed}")
    killing = Killing(folder, database_url, encounters, kills, seed)
    for _ in range(kills):
        killing.kill_once()
    print(f"{killing.in_the_midst} of {kills} kills before the end")
    assert killing.finish() == 0
    killing.require_once()
    before = sorted(path.read_bytes() for path in killing.out.glob("*.ndjson"))
    assert killing.finish() == 0
    assert sorted(path.read_bytes() for path in killing.out.glob("*.ndjson")) == before
    return killing.in_the_midst


def test_killed_and_resumed(tmp_path: Path) -> None:
    go(tmp_path, f"sqlite:///{tmp_path / 'store.sqlite'}", encounters=150, kills=6)


@pytest.mark.soak
def test_killed_a_hundred_times(tmp_path: Path) -> None:
    assert go(tmp_path, f"sqlite:///{tmp_path / 'store.sqlite'}", encounters=2500, kills=100) >= 50


@pytest.mark.soak
def test_killed_over_postgresql_or_sqlite(database_url: str, tmp_path: Path) -> None:
    go(tmp_path, database_url, encounters=1000, kills=30)
