"""``fhir-coder bulk --on-workers`` with a broker and ``fhir-coder worker`` as processes, which are killed: the output is that of a run on this machine, each encounter
coded once.

The seed is printed; ``FHIR_CODER_TEST_SEED`` repeats a run as far as a scheduler lets it be repeated.
"""

from __future__ import annotations

import json
import os
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile

import pytest

from fhir_coder.store.start import Stores, open_stores
from tests.bulk.conftest import Bulk
from tests.bulk.exports import encounter, lines_of, note, small_export, write
from tests.bulk.test_piece import rich_export
from tests.crashes.installation import Program
from tests.crashes.services import PostgreSQL, Redis, wait_until
from tests.store.conftest import KEY
from tests.stores import tables

LONGEST_S = 300.0
KINDS = ("Condition", "Claim", "Task", "Provenance", "OperationOutcome")
_TIME = re.compile(r'"(recorded|recordedDate|created|authoredOn|lastModified)": "[^"]*"')
"""When it was coded: the one thing in which two runs differ."""


def lines_without_times(out: Path) -> Counter[str]:
    return Counter(_TIME.sub("", json.dumps(one, sort_keys=True)) for kind in KINDS for one in lines_of(out, kind))


@dataclass
class Cluster:
    """A run, and a worker beside it."""

    folder: Path
    export: Path
    database_url: str
    broker_url: str

    def __post_init__(self) -> None:
        given = {"DATABASE_URL": self.database_url, "BROKER_URL": self.broker_url, "KEY": KEY, "LOG_LEVEL": "WARNING"}
        environment = os.environ | {f"FHIR_CODER_{name}": value for name, value in given.items()}
        self.out = self.folder / "out"
        command = ["fhir_coder", "bulk", str(self.export), "--out", str(self.out), "--on-workers"]
        self.run = Program(command, environment, self.folder / "run.log")
        self.worker = Program(["fhir_coder", "worker", "--processes", "2"], environment, self.folder / "worker.log")

    @property
    def came_back(self) -> int:
        """Encounters whose lines are there, counted with those that may not count yet."""
        return sum(path.read_bytes().count(b"\n") for path in self.out.glob("OperationOutcome.[0-9]*.ndjson"))

    def start(self) -> None:
        self.worker.start()
        self.run.start()

    def stop(self) -> None:
        self.run.kill()
        self.worker.kill()

    def keep_alive(self) -> None:
        """Start again what ended by itself, as a supervisor does; a run that is done does nothing then."""
        for one in (self.run, self.worker):
            if not one.is_alive:
                one.start()

    def finish(self) -> None:
        """Until everything is done, with whatever was killed running again."""

        def is_done() -> bool:
            self.keep_alive()
            return (self.out / "summary.json").exists() and json.loads((self.out / "summary.json").read_text())["left"] == 0

        try:
            wait_until(is_done, LONGEST_S, "the run")
        except AssertionError as error:
            raise AssertionError(f"{error}, {self.came_back} came back\n{self.run}\n{self.worker}") from None

    def stores(self) -> Stores:
        return open_stores(self.database_url, KEY)

    def require_once(self) -> None:
        """Each encounter is coded or visibly failed, once, and nobody waits."""
        expected = {f"Encounter/{one['id']}": 1 for one in map(json.loads, (self.export / "Encounter.000.ndjson").read_text().splitlines())}
        told = Counter(one["issue"][0]["diagnostics"].partition(":")[0] for one in lines_of(self.out, "OperationOutcome"))
        assert told == expected
        stores = self.stores()
        try:
            coded = Counter(one.encounter_reference for one in stores.repository.recent("default", 10 * len(expected)))
            assert stores.jobs.entries("default") == ()
        finally:
            stores.close()
        report = json.loads((self.out / "summary.json").read_text())
        assert (report["encounters"], report["left"], report["again"]) == (len(expected), 0, 0)
        assert len(coded) == report["coded"] and set(coded.values()) == {1} and set(coded) <= set(expected)
        names = Counter(f"{one['resourceType']}/{one['id']}" for kind in KINDS for one in lines_of(self.out, kind))
        assert set(names.values()) == {1}


@contextmanager
def cluster_of(folder: Path, export: Path, database_url: str, redis: Redis) -> Iterator[Cluster]:
    """Everything running."""
    cluster = Cluster(folder, export, database_url, redis.url)
    try:
        redis.start()
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        redis.kill()


@pytest.mark.skipif(bool(Redis.missing), reason=Redis.missing)
def test_workers_give_what_this_machine_gives(bulk: Bulk, tmp_path: Path) -> None:
    export = rich_export(tmp_path / "export")
    numbers = range(10, 14)
    write(
        export / "more.ndjson",
        *map(encounter, numbers),
        *map(note, numbers),
        encounter(7) | {"class": {"code": "IMP"}},
        note(7),
        encounter(8),
    )
    url = f"sqlite:///{copyfile(tables(), tmp_path / 'cluster.sqlite')}"
    with cluster_of(tmp_path, export, url, Redis(tmp_path)) as cluster:
        cluster.finish()
    assert bulk(export, "--out", tmp_path / "here", "--processes", 1) == 1
    assert lines_without_times(cluster.out) == lines_without_times(tmp_path / "here")
    report, here = (json.loads((out / "summary.json").read_text()) for out in (cluster.out, tmp_path / "here"))
    told = ("encounters", "coded", "failures", "dispositions", "codes", "findings", "linesOfTheExport")
    assert {name: report[name] for name in told} == {name: here[name] for name in told}
    assert (report["coded"], report["failures"]) == (5, {"FC113": 3})


def disturb(cluster: Cluster, acts: dict[str, Callable[[], object]], kills: int, chance: random.Random) -> Counter[str]:
    """At random moments, each act at least once where there are as many kills: after a while, or when some more encounters have come back. It begins
    when the first have."""
    wait_until(lambda: cluster.came_back > 0, LONGEST_S, "the first encounter")
    count = len((cluster.export / "Encounter.000.ndjson").read_text().splitlines())
    ways = [*acts, *chance.choices([*acts], [6, 6, 2, 1, 1], k=max(0, kills - len(acts)))][:kills]
    chance.shuffle(ways)
    for way in ways:
        deadline, wanted = time.monotonic() + chance.uniform(0.0, 30.0), cluster.came_back + chance.randint(0, 1 + 2 * count // kills)
        while time.monotonic() < deadline and cluster.came_back < wanted:
            time.sleep(0.05)
        cluster.keep_alive()
        acts[way]()
    return Counter(ways)


@pytest.mark.soak
def test_nothing_is_lost_or_doubled_whatever_is_killed(built: None, tmp_path: Path) -> None:
    if missing := Redis.missing or PostgreSQL.missing:
        pytest.skip(missing)
    count, kills = int(os.environ.get("FHIR_CODER_TEST_ENCOUNTERS", "500")), int(os.environ.get("FHIR_CODER_TEST_KILLS", "60"))
    seed = int(os.environ.get("FHIR_CODER_TEST_SEED", "") or random.SystemRandom().randrange(10**6))
    print(f"\nFHIR_CODER_TEST_SEED={seed}")
    chance, redis, postgresql = random.Random(seed), Redis(tmp_path), PostgreSQL()
    try:
        postgresql.start()
        with cluster_of(tmp_path, small_export(tmp_path / "export", range(count)), postgresql.url, redis) as cluster:
            run, worker = cluster.run, cluster.worker
            acts: dict[str, Callable[[], object]] = {
                "the run": lambda: (run.kill(), run.start()),
                "a worker's process": lambda: worker.kill_a_child(chance),
                "the worker": lambda: (worker.kill(), worker.start()),
                "the broker": lambda: (redis.kill(), redis.start()),
                "the database": lambda: (postgresql.kill(), postgresql.start()),
            }
            print(f"killed {dict(disturb(cluster, acts, kills, chance))}, {cluster.came_back} of {count} had come back")
            cluster.finish()
            cluster.require_once()
    finally:
        postgresql.remove()
