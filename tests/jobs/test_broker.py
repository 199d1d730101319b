"""Jobs through a broker, with workers as processes that are killed: each is done once, whatever is lost on the way.

Redis is a private process on a port of its own, RabbitMQ the one at 127.0.0.1:5672, where each test has a queue of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kombu import pools
from redis import Redis
from werkzeug.test import TestResponse

from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.broker.messages import TASK, Publisher, make_celery
from fhir_coder.errors import ConfigurationError
from fhir_coder.exchange import CodingRequest
from fhir_coder.jobs.asked import Asked, written
from fhir_coder.jobs.job import Caller, Priority, State
from fhir_coder.jobs.sweeping import Sweeper
from tests.jobs.small_worker import HOLD, LIMITS, celery_of
from tests.jobs.stage import Stage, wait_until

RABBITMQ = "amqp://guest:guest@127.0.0.1:5672//"
ROOT = Path(__file__).resolve().parents[2]
LONGEST_S = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@dataclass
class Broker:
    """``process`` is the broker where it is ours."""

    url: str
    port: int
    process: subprocess.Popen | None = None

    def start(self) -> None:
        """Again, after it was ended."""
        arguments = ["redis-server", "--port", str(self.port), "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"]
        self.process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
        wait_until(lambda: answers(self.port))

    def end(self) -> None:
        """With all that it holds."""
        if self.process:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def redis() -> Iterator[Broker]:
    if not shutil.which("redis-server"):
        pytest.skip("no redis-server")
    port = free_port()
    broker = Broker(f"redis://127.0.0.1:{port}/0", port)
    broker.start()
    yield broker
    broker.end()


@pytest.fixture(params=["redis", "rabbitmq"])
def broker(request: pytest.FixtureRequest) -> Broker:
    if request.param == "redis":
        return request.getfixturevalue("redis")
    if not answers(5672):
        pytest.skip("no RabbitMQ answers at 127.0.0.1:5672")
    return Broker(RABBITMQ, 5672)


@dataclass
class House:
    """A server over a store, and the workers beside it."""

    folder: Path
    broker: Broker
    queue: str = field(default_factory=lambda: f"fhir-coder-test-{uuid4().hex}")
    workers: list[subprocess.Popen] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stage = Stage(self.folder, LIMITS)
        self.app = celery_of(self.broker.url, self.queue)
        self.sweeper = Sweeper(self.stage.stores.job_sweeping, Publisher(self.app))
        self.stage.tell = self.sweeper.hand_out

    def start(self, processes: int = 1, longest_s: int = 120) -> subprocess.Popen:
        """A worker; it is ready when it has done a job."""
        given = [self.broker.url, str(self.folder), self.queue, str(processes), str(longest_s)]
        command = [sys.executable, "-m", "tests.jobs.small_worker", *given]
        self.workers.append(subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, start_new_session=True))
        return self.workers[-1]

    def code(self, encounter: str) -> TestResponse:
        answer = self.stage.kick_off(url=f"/fhir/Encounter/{encounter}/$code-encounter")
        assert answer.status_code == 202
        return answer

    def said(self, word: str = "begun") -> list[tuple[str, int]]:
        """Encounters in the order in which they were begun, each with the process that did it."""
        file = self.folder / "said.txt"
        lines = [line.split() for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
        return [(line[1], int(line[2])) for line in lines if line[0] == word]

    def begun(self, encounter: str, times: int = 1) -> int:
        """The process that has begun it."""
        wait_until(lambda: [one for one, _ in self.said()].count(encounter) >= times, LONGEST_S)
        return [pid for one, pid in self.said() if one == encounter][-1]

    def hold(self) -> None:
        (self.folder / HOLD).touch()

    def let_go(self) -> None:
        (self.folder / HOLD).unlink(missing_ok=True)

    def all_done(self) -> bool:
        return all(job.state is State.DONE for job in self.stage.jobs())

    def require_each_once(self, *addresses: TestResponse) -> None:
        """One coding and one answer of each, and one entry of the audit beside the call's."""
        wait_until(self.all_done, LONGEST_S)
        assert [self.stage.ask(one).status_code for one in addresses] == [200] * len(addresses)
        kept = self.stage.stores.repository.recent("default", 99)
        assert sorted(one.id for one in kept) == sorted(job.coding for job in self.stage.jobs())
        assert len(kept) == len(addresses)

    def close(self) -> None:
        """Workers with the processes of their pools."""
        for one in self.workers:
            with suppress(ProcessLookupError):
                os.killpg(one.pid, signal.SIGKILL)
            one.wait()
        if answers(self.broker.port):
            with self.app.connection_for_write() as connection:
                connection.default_channel.queue_delete(self.queue)
        pools.reset()  # they go by the URL, and a closed one takes nothing of the next test's
        self.stage.close()


@pytest.fixture
def open_house(tmp_path: Path) -> Iterator[Callable[[Broker], House]]:
    made: list[House] = []

    def open_(broker: Broker) -> House:
        made.append(House(tmp_path, broker))
        return made[-1]

    yield open_
    for one in made:
        one.close()


# ------------------------------------------------------------------------------------------------------------------- the message


def messages_in(port: int) -> dict[str, list[str]]:
    """All that a Redis holds, as text, by key."""
    client = Redis(port=port, decode_responses=True)
    found: dict[str, list[str]] = {}
    for key in client.scan_iter():
        kind = client.type(key)
        if kind == "list":
            found[key] = client.lrange(key, 0, -1)
        elif kind == "set":
            found[key] = list(client.smembers(key))
        elif kind == "hash":
            found[key] = list(client.hgetall(key).values())
        elif kind == "zset":
            found[key] = client.zrange(key, 0, -1)
        else:
            found[key] = [client.get(key)]
    client.close()
    return found


def test_a_message_holds_the_id_of_a_job_and_nothing_else(open_house: Callable[[Broker], House], redis: Broker) -> None:
    house = open_house(redis)
    address = house.stage.kick_off(url="/fhir/Encounter/secret-encounter/$code-encounter").headers["Content-Location"]
    (job,) = house.stage.jobs()
    held = messages_in(redis.port)
    lists = {key: texts for key, texts in held.items() if key.startswith(house.queue)}
    ((key, (message,)),) = lists.items()
    assert key == house.queue, "the list of those that go first"
    told = json.loads(message)
    assert json.loads(b64_text(told["body"]))[:2] == [[job.id], {}]
    assert (told["headers"]["task"], told["headers"]["argsrepr"]) == (TASK, repr((job.id,)))
    everything = json.dumps(held)
    for secret in ("secret-encounter", "localhost/", address.rpartition("/")[2], "Encounter"):
        assert secret not in everything


def test_a_broker_says_how_many_messages_no_worker_has_taken(open_house: Callable[[Broker], House], broker: Broker) -> None:
    house = open_house(broker)
    told = Publisher(house.app)
    assert told.held() == 0, "there is no queue yet"
    for number in range(3):
        house.code(f"e{number}")
    assert told.held() == 3


def b64_text(text: str) -> str:
    return b64decode(text).decode()


def test_a_broker_that_does_not_answer_takes_nothing(open_house: Callable[[Broker], House]) -> None:
    house = open_house(Broker("redis://127.0.0.1:9/0", 9))
    house.code("e1")
    assert house.stage.stores.job_sweeping.hand_out() != (), "it is to be handed out again"


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("redis://broker.example:6379/0", None),
        ("rediss://broker.example:6379/0", {"ssl_cert_reqs": ssl.CERT_REQUIRED}),
        ("rediss://broker.example:6379/0?ssl_ca_certs=/ca.pem", {"ssl_ca_certs": "/ca.pem"}),
        ("rediss://broker.example:6379/0?ssl_cert_reqs=none", {"ssl_cert_reqs": ssl.CERT_NONE}),
    ],
)
def test_a_redis_by_tls_proves_who_it_is_unless_the_url_says_otherwise(url: str, wanted: dict[str, Any] | None) -> None:
    with make_celery(url, 60).connection_for_write() as connection:
        assert (connection.ssl or None) == wanted


def test_without_the_extra_the_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "celery", None)
    with pytest.raises(ConfigurationError, match="celery"):
        make_celery("redis://127.0.0.1:9/0", 60)


# ------------------------------------------------------------------------------------------------------------------ the workers


def test_what_a_person_waits_for_overtakes_and_what_comes_twice_is_done_once(open_house: Callable[[Broker], House], broker: Broker) -> None:
    house = open_house(broker)
    house.hold()
    house.start()
    addresses = [house.code("slow-1")]
    house.begun("slow-1")
    jobs = house.stage.stores.jobs
    for number in (1, 2):
        asked = Asked(CodingRequest("default", f"bulk-{number}"), Agent(AgentKind.SOFTWARE, "bulk"))
        jobs.add("default", Caller("bulk", f"bulk {number}"), written(asked), asked.encounter, Priority.BULK)
    house.sweeper.hand_out()
    addresses.append(house.code("person"))
    tell_twice = Publisher(house.app).tell
    for job in house.stage.jobs():
        assert tell_twice(job)
    house.let_go()
    wait_until(house.all_done, LONGEST_S)
    assert [one for one, _ in house.said()] == ["slow-1", "person", "bulk-1", "bulk-2"]
    assert [house.stage.ask(one).status_code for one in addresses] == [200, 200]
    assert house.stage.codings() == 4


@pytest.mark.parametrize("broker", ["redis", pytest.param("rabbitmq", marks=pytest.mark.soak)], indirect=True)
def test_a_worker_that_is_killed_in_the_midst_leaves_its_job_to_the_next(open_house: Callable[[Broker], House], broker: Broker) -> None:
    """First a process of the pool, then the worker with all that is its own."""
    house = open_house(broker)
    house.hold()
    worker = house.start()
    addresses = [house.code("slow-1")]
    os.kill(house.begun("slow-1"), signal.SIGKILL)
    again = house.begun("slow-1", times=2)
    assert again != house.said()[0][1]
    worker.kill()
    os.kill(again, signal.SIGKILL)
    worker.wait()
    addresses.append(house.code("e2"))
    house.start()
    house.begun("slow-1", times=3)
    house.let_go()
    house.require_each_once(*addresses)
    (job,) = [one for one in house.stage.jobs() if one.encounter == "Encounter/slow-1"]
    assert job.attempts == 3 and job.error == ""


def test_a_worker_that_is_told_to_end_does_what_it_began(open_house: Callable[[Broker], House], redis: Broker) -> None:
    house = open_house(redis)
    house.hold()
    worker = house.start()
    addresses = [house.code("slow-1")]
    house.begun("slow-1")
    addresses.append(house.code("e2"))
    worker.terminate()
    time.sleep(0.5)
    assert worker.poll() is None, "it waits for what it began"
    house.let_go()
    assert worker.wait(LONGEST_S) == 0
    states = {job.encounter: job.state for job in house.stage.jobs()}
    assert states == {"Encounter/slow-1": State.DONE, "Encounter/e2": State.WAITING}
    house.start()
    house.require_each_once(*addresses)
    assert len(house.said()) == 2


def test_what_is_taken_on_while_the_broker_is_down_is_done_when_it_is_back(open_house: Callable[[Broker], House], redis: Broker) -> None:
    """By the worker that was there all the time, in the midst of a job."""
    house = open_house(redis)
    house.hold()
    worker = house.start(processes=2)
    addresses = [house.code("slow-1")]
    house.begun("slow-1")
    redis.end()
    addresses.append(house.code("e2"))
    assert house.stage.ask(addresses[1]).status_code == 202
    house.let_go()
    redis.start()
    house.require_each_once(*addresses)
    assert worker.poll() is None


def test_a_try_that_takes_longer_than_it_may_is_ended_and_counts(open_house: Callable[[Broker], House], redis: Broker) -> None:
    house = open_house(redis)
    house.hold()
    house.start(longest_s=2)
    address = house.code("slow-1")
    wait_until(lambda: house.stage.jobs()[0].error != "", LONGEST_S)
    (job,) = house.stage.jobs()
    assert (job.state, job.attempts, job.error) == (State.WAITING, 1, "FC503")
    house.let_go()
    house.require_each_once(address)
    assert house.stage.jobs()[0].attempts == 2
