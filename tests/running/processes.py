"""Servers, workers and a broker as processes of a test's own, and what is asked of them."""

from __future__ import annotations

import base64
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.exchange import CodingRequest
from fhir_coder.jobs.asked import Asked, written
from fhir_coder.jobs.job import Caller, Job, State
from fhir_coder.settings import Settings
from fhir_coder.store.start import Stores

ROOT = Path(__file__).resolve().parents[2]
STARTS_S = 120.0
MARKER = "Zwiebelkuchen"
FHIR = "application/fhir+json"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(is_so: Callable[[], Any], longest_s: float = STARTS_S) -> Any:
    """What the call gives once that is something."""
    deadline = time.monotonic() + longest_s
    while time.monotonic() < deadline:
        if found := is_so():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come in time")


@dataclass
class Process:
    """A command of ours; what it writes goes to files in ``folder``, under ``name``."""

    name: str
    folder: Path
    arguments: list[str]
    variables: dict[str, str]
    popen: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        known = {name: value for name, value in os.environ.items() if not name.startswith("FHIR_CODER_")}
        environment = known | {"FHIR_CODER_DATA": str(Settings.from_environment().data)} | self.variables
        command = [sys.executable, "-m", "fhir_coder", *self.arguments]
        with self._file("out").open("wb") as out, self._file("err").open("wb") as err:
            self.popen = subprocess.Popen(command, stdout=out, stderr=err, cwd=ROOT, env=environment)

    def lines(self) -> list[str]:
        """Everything that it wrote, line by line."""
        return [line for kind in ("out", "err") for line in self._file(kind).read_text(encoding="utf-8").splitlines()]

    def end(self) -> int:
        """TERM, and its exit status."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(STARTS_S)

    def _file(self, kind: str) -> Path:
        return self.folder / f"{self.name}.{kind}"


@contextmanager
def running(name: str, folder: Path, arguments: list[str], variables: dict[str, str]) -> Iterator[Process]:
    """A process that is gone at the end, however it ends."""
    process = Process(name, folder, arguments, variables)
    try:
        yield process
    finally:
        if process.popen.poll() is None:  # the number of one that has ended may be another's by now
            for pid in (process.popen.pid, *children(process.popen.pid)):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.popen.wait()


@contextmanager
def private_redis(folder: Path) -> Iterator[str]:
    """The URL of a Redis of the test's own; skips where there is none."""
    program, port = shutil.which("redis-server"), free_port()
    if program is None:
        pytest.skip("no redis-server is installed")
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as redis:
        try:
            until(lambda: _listens(port), 20)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            redis.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def children(pid: int) -> set[int]:
    """Processes that this one started and that are there."""
    try:
        return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()))
    except OSError:
        return set()


def is_there(pid: int) -> bool:
    """Whether a process is there, and not only its exit status."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def visit(name: str = "inline-1") -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": name,
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": "Patient/p1"},
        "period": {"start": "2026-05-04T09:00:00-05:00"},
    }


def note(text: str) -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "subject": {"reference": "Patient/p1"},
        "content": [{"attachment": {"contentType": "text/plain", "data": base64.b64encode(text.encode()).decode()}}],
    }


SHORT = f"Assessment: {MARKER} essential hypertension, controlled.\nPlan: continue lisinopril."
LONG = SHORT + "\n" + "Assessment: type 2 diabetes with neuropathy, low back pain, no fever, cough and gout of the right foot.\n" * 120
"""Some seconds of work."""


def parameters(text: str = SHORT) -> bytes:
    values = [{"name": "encounter", "resource": visit()}, {"name": "note", "resource": note(text)}]
    return json.dumps({"resourceType": "Parameters", "parameter": values}).encode()


def add_job(stores: Stores, number: int, text: str = SHORT) -> Job:
    """A job as the operation takes it on."""
    request = CodingRequest("default", f"e{number}", encounter=visit(f"e{number}"), notes=(note(text),))
    asked = Asked(request, Agent(AgentKind.CLIENT, "tester"))
    return stores.jobs.add("default", Caller("tester", f"address-{number}"), written(asked), asked.encounter)


def states(stores: Stores) -> list[State]:
    return [job.state for job in stores.jobs.entries("default")]


def call(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """One call on a connection of its own, as a proxy makes it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        sent = {"Connection": "close", "Content-Type": FHIR} | {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def is_ready(port: int) -> bool:
    try:
        return call(port, "GET", "/health/ready")[0] == 200
    except OSError:
        return False
