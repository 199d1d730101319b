"""Workers and web are killed at random moments, broker and database restarted in between: every encounter ends coded or visibly failed, nothing is written
twice, nothing is lost.

The seed is printed; ``FHIR_CODER_TEST_SEED`` repeats a run as far as a scheduler lets it be repeated.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from fhir_coder.jobs.job import State
from fhir_coder.store.cipher import new_store_key
from fhir_coder.store.start import Stores, open_stores
from tests.contracts.peers import NotInstallable, fhir_server, install_peers
from tests.crashes.installation import Ehr, Installation, Medplum, Simulator
from tests.crashes.services import PostgreSQL, Redis

ENDS_S = 240.0
"""How long it may take after the last kill until every job has ended."""
MISSING = Redis.missing or PostgreSQL.missing


@dataclass
class Run:
    """One run: what was asked, and the address of each answer."""

    installation: Installation
    chance: random.Random
    addresses: dict[str, str] = field(default_factory=dict)
    killed: Counter[str] = field(default_factory=Counter)

    def ask(self, encounter: str) -> None:
        """Until the server takes it; one that dies on the way may have taken it already."""
        body = {
            "resourceType": "Parameters",
            "parameter": [{"name": "ehr", "valueString": "sim"}, {"name": "writeBack", "valueBoolean": True}],
        }
        url = f"{self.installation.base}/Encounter/{encounter}/$code-encounter"
        while encounter not in self.addresses:
            try:
                answer = requests.post(url, json=body, headers={"Prefer": "respond-async"}, timeout=30)
            except requests.RequestException:
                self.installation.revive()
                time.sleep(0.2)
                continue
            assert answer.status_code in {202, 500, 503}, answer.text
            if answer.status_code == 202:
                self.addresses[encounter] = answer.headers["Content-Location"]

    def answered(self) -> dict[str, requests.Response]:
        """Those that have an answer by now."""
        return {
            one: answer for one, url in self.addresses.items() if (answer := _got(url)) is not None and answer.status_code not in {202, 503}
        }


def _got(url: str) -> requests.Response | None:
    try:
        return requests.get(url, timeout=30)
    except requests.RequestException:
        return None


@dataclass
class Stage:
    """The installation with a broker and a database of its own."""

    installation: Installation
    redis: Redis
    postgresql: PostgreSQL
    key: str

    def acts(self, chance: random.Random) -> dict[str, Callable[[], None]]:
        """Ways to disturb it; each leaves everything running again."""
        worker, web = self.installation.worker, self.installation.web
        return {
            "a worker's process": lambda: worker.kill_a_child(chance),
            "the worker": lambda: (worker.kill(), worker.start())[-1],
            "a server's process": lambda: web.kill_a_child(chance),
            "the server": lambda: (web.kill(), web.start(), self.installation.wait_for_web())[-1],
            "the broker": lambda: (self.redis.kill(), self.redis.start())[-1],
            "the database": lambda: (self.postgresql.kill(), self.postgresql.start())[-1],
        }

    def stores(self) -> Stores:
        return open_stores(self.postgresql.url, self.key)


@contextmanager
def staged(folder: Path, ehr: Ehr) -> Iterator[Stage]:
    """Everything running."""
    redis, postgresql, key = Redis(folder), PostgreSQL(), new_store_key()
    environment = {
        "FHIR_CODER_DATABASE_URL": postgresql.url,
        "FHIR_CODER_BROKER_URL": redis.url,
        "FHIR_CODER_KEY": key,
        "FHIR_CODER_RATE_LIMIT": "",
        "FHIR_CODER_WORKERS": "2",
        "FHIR_CODER_LOG_LEVEL": "WARNING",
    }
    installation = Installation(folder, environment, ehr)
    try:
        redis.start()
        postgresql.start()
        installation.start()
        yield Stage(installation, redis, postgresql, key)
    finally:
        installation.stop()
        redis.kill()
        postgresql.remove()


@pytest.fixture
def stage(tmp_path: Path, built: None) -> Iterator[Stage]:
    """Before the simulator."""
    if MISSING:
        pytest.skip(MISSING)
    ehr = Simulator(tmp_path)
    try:
        with staged(tmp_path, ehr) as found:
            yield found
    finally:
        ehr.stop()


def ways_to_disturb(chance: random.Random, acts: list[str], kills: int) -> list[str]:
    """So many, in random order, each at least once where there are as many."""
    ways = [*acts, *chance.choices(acts, [6, 1, 3, 1, 1, 1], k=max(0, kills - len(acts)))][:kills]
    chance.shuffle(ways)
    return ways


def disturb(stage: Stage, run: Run, ways: list[str], pause_s: float) -> None:
    """One after another, at random moments."""
    acts = stage.acts(run.chance)
    for way in ways:
        time.sleep(run.chance.uniform(0, pause_s))
        acts[way]()
        run.killed[way] += 1


def wait_for_ends(run: Run, count: int) -> dict[str, requests.Response]:
    deadline = time.monotonic() + ENDS_S
    while len(found := run.answered()) < count:
        if time.monotonic() > deadline:
            print(run.installation.web, run.installation.worker, sep="\n")
            pytest.fail(f"{count - len(found)} of {count} have no answer")
        run.installation.revive()
        time.sleep(1)
    return found


def check(stage: Stage, run: Run, answers: dict[str, requests.Response]) -> None:
    """Coded or visibly failed, once, and on record."""
    statuses = Counter(one.status_code for one in answers.values())
    print(f"killed {dict(run.killed)}, answers {dict(statuses)}")
    for answer in answers.values():
        kind = answer.json()["resourceType"]
        assert kind == ("Bundle" if answer.status_code == 200 else "OperationOutcome"), answer.text
    names = Counter((one["resourceType"], _name(one)) for one in stage.installation.ehr.held())
    assert [name for name, count in names.items() if count > 1] == []
    coded = {one for one, answer in answers.items() if answer.status_code == 200}
    assert {("Claim", f"default.{encounter}.claim") for encounter in coded} <= set(names)
    stores = stage.stores()
    try:
        assert stores.jobs.entries("default", (State.WAITING, State.RUNNING)) == ()
        for encounter in coded:
            kept = stores.repository.latest("default", f"Encounter/{encounter}")
            assert kept is not None and kept.receipts and all(one.status[:3] in {"200", "201"} for one in kept.receipts), encounter
        jobs = stores.jobs.entries("default")
        assert len({one.coding for one in jobs if one.coding}) == sum(bool(one.coding) for one in jobs)
    finally:
        stores.close()


def _name(resource: dict[str, Any]) -> str:
    """What of ours it is: the identifier, or the target and activity of a Provenance."""
    if resource["resourceType"] == "Provenance":
        return str(resource["target"][0]["reference"]) + str(resource.get("recorded", ""))
    return str(resource["identifier"][0]["value"])


def crash(stage: Stage, encounters: int, kills: int, pause_s: float) -> None:
    seed = int(os.environ.get("FHIR_CODER_TEST_SEED", "") or random.SystemRandom().randrange(10**9))
    print(f"FHIR_CODER_TEST_SEED={seed}")
    run = Run(stage.installation, random.Random(seed))
    visits = stage.installation.ehr.encounters(encounters)
    half = len(visits) // 2
    for encounter in visits[:half]:
        run.ask(encounter)
    ways = ways_to_disturb(run.chance, [*stage.acts(run.chance)], kills)
    disturb(stage, run, ways[: kills // 2], pause_s)
    for encounter in visits[half:]:
        run.ask(encounter)
    disturb(stage, run, ways[kills // 2 :], pause_s)
    check(stage, run, wait_for_ends(run, encounters))


def test_nothing_is_lost_or_doubled_whatever_is_killed(stage: Stage) -> None:
    crash(stage, encounters=40, kills=10, pause_s=1.5)


@pytest.mark.soak
def test_nothing_is_lost_or_doubled_in_five_hundred_encounters(stage: Stage) -> None:
    crash(stage, encounters=500, kills=100, pause_s=10.0)


@pytest.mark.soak
def test_nothing_is_lost_or_doubled_at_an_ehr_that_is_not_ours(shared: Path, tmp_path: Path, built: None) -> None:
    if MISSING:
        pytest.skip(MISSING)
    try:
        peers = install_peers(shared / "peers")
    except NotInstallable as reason:
        pytest.skip(f"the peers cannot be installed: {reason}")
    with fhir_server(peers) as server:
        ehr = Medplum(server, shared / "fhir" / "prepare.py", tmp_path / "export", 50)
        with staged(tmp_path, ehr) as stage:
            crash(stage, encounters=50, kills=20, pause_s=4.0)
