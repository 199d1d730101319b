"""Ending and replacing a server while it is called: what was accepted is answered, jobs that were begun end, and nobody notices a restart."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from fhir_coder.app import open_all_stores
from fhir_coder.jobs.job import State
from fhir_coder.settings import Settings
from tests.running.processes import (
    LONG,
    Process,
    call,
    children,
    free_port,
    is_ready,
    is_there,
    parameters,
    running,
    states,
    until,
)
from tests.store.conftest import KEY

CODE = "/fhir/Encounter/$code-encounter"


class Served:
    """A server in sandbox mode with two workers, and its store."""

    def __init__(self, process: Process, port: int, variables: dict[str, str]) -> None:
        self.process, self.port = process, port
        self.stores = open_all_stores(Settings.from_environment(variables))


@pytest.fixture
def served(built: None, tmp_path: Path) -> Iterator[Served]:
    port, tenants = free_port(), tmp_path / "tenants.json"
    tenants.write_text("[]", encoding="utf-8")
    variables = {
        "FHIR_CODER_DATABASE_URL": f"sqlite:///{tmp_path / 'store.sqlite'}",
        "FHIR_CODER_KEY": KEY,
        "FHIR_CODER_RATE_LIMIT": "",
        "FHIR_CODER_WORKERS": "2",
        "FHIR_CODER_TENANTS": str(tenants),
    }
    with running("server", tmp_path, ["serve", "--sandbox", "--port", str(port)], variables) as process:
        until(lambda: is_ready(port))
        found = Served(process, port, variables)
        with closing(found.stores):
            yield found


class Callers:
    """Calls without a pause, one kind of call each, until they are told to stop; what went wrong, and how often each kind was answered."""

    KINDS = (("GET", "/health/live", None), ("GET", "/fhir/metadata", None), ("POST", CODE, parameters()))

    def __init__(self, port: int) -> None:
        self._port = port
        self._over = threading.Event()
        self.failures: list[str] = []
        self.answered: Counter[str] = Counter()

    def __enter__(self) -> Callers:
        self._pool = ThreadPoolExecutor(len(self.KINDS))
        for kind in self.KINDS:
            self._pool.submit(self._go_on, *kind)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._pool.shutdown()

    def _go_on(self, method: str, path: str, body: bytes | None) -> None:
        while not self._over.is_set():
            try:
                status = call(self._port, method, path, body)[0]
            except Exception as error:
                self.failures.append(f"{path}: {error!r}")
                self._over.wait(0.1)
                continue
            if status != 200:
                self.failures.append(f"{path}: {status}")
            self.answered[path] += 1

    def have_called(self) -> None:
        """Each kind was answered once more, begun after now."""
        before = dict(self.answered)
        until(lambda: all(self.answered[path] >= before.get(path, 0) + 2 for _, path, _ in self.KINDS))


def test_restarts_under_calls_fail_none_of_them(served: Served) -> None:
    master = served.process.popen.pid
    with Callers(served.port) as callers:
        callers.have_called()
        first = children(master)
        assert len(first) == 2
        os.kill(master, signal.SIGHUP)
        until(lambda: not first & children(master) and len(children(master)) == 2)
        callers.have_called()
        second = children(master)
        os.kill(master, signal.SIGUSR2)
        (successor,) = until(lambda: children(master) - second)
        assert served.process.popen.wait(120) == 0
        try:
            assert len(children(successor)) == 2
            callers.have_called()
        finally:
            callers.__exit__()
            os.kill(successor, signal.SIGTERM)
            until(lambda: not is_there(successor))
    assert callers.failures == []
    assert min(callers.answered.values()) > 5


def test_a_server_stays_when_the_one_that_is_to_follow_cannot_start(served: Served) -> None:
    master = served.process.popen.pid
    workers = children(master)
    (served.process.folder / "tenants.json").write_text("{", encoding="utf-8")
    os.kill(master, signal.SIGUSR2)
    until(lambda: any("FHIR_CODER_TENANTS" in line for line in served.process.lines()))
    until(lambda: children(master) == workers)
    assert is_ready(served.port) and served.process.end() == 0


def test_a_server_that_ends_answers_what_it_accepted_and_ends_the_jobs_that_it_began(served: Served) -> None:
    prefer = {"Prefer": "respond-async"}
    assert call(served.port, "POST", CODE, parameters(LONG), **prefer)[0] == 202
    until(lambda: states(served.stores) == [State.RUNNING])
    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(call, served.port, "POST", CODE, parameters(LONG)) for _ in range(3)]
        until(lambda: _inside(served.port) >= 3)
        for _ in range(3):
            assert call(served.port, "POST", CODE, parameters(LONG), **prefer)[0] == 202
        assert served.process.end() == 0
        assert [one.result()[0] for one in calls] == [200] * 3
    found = Counter(states(served.stores))
    assert found[State.RUNNING] == 0 and found[State.DONE] >= 1 and sum(found.values()) == 4
    notice = [line for line in served.process.lines() if line.startswith("*")]
    lines = [json.loads(line) for line in served.process.lines() if line not in notice]
    assert len(notice) == 5 and any(line["logger"] == "gunicorn.error" for line in lines)


def _inside(port: int) -> int:
    """Connections that the server has accepted and not yet answered: established ones on its side (proc_pid_net_tcp, state 01)."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "01" for row in rows)
