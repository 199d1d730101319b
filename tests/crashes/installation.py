"""A whole installation of processes: the EHR simulator, the server, a worker; each can be killed at any moment and is started again."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import requests

from tests.crashes.services import answers, free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]


class Program:
    """A process with children, in a group of its own."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str], log: Path) -> None:
        self._arguments, self._environment, self._log = arguments, dict(environment), log
        self._process: subprocess.Popen[bytes] | None = None

    def set(self, name: str, value: str) -> None:
        """One more variable, from the next start on."""
        self._environment[name] = value

    def start(self) -> None:
        """Begin, without waiting."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *self._arguments], cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def is_alive(self) -> bool:
        """Whether the parent lives."""
        return self._process is not None and self._process.poll() is None

    def children(self) -> list[int]:
        """Its processes without itself."""
        assert self._process is not None
        found = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [int(one) for one in found.read_text().split()] if found.exists() else []

    def kill(self) -> None:
        """All of it, with SIGKILL."""
        if self._process is not None:
            for one in self.children():
                _kill(one)
            _kill(self._process.pid)
            self._process.wait()

    def kill_a_child(self, chance: random.Random) -> None:
        """One of its children; the parent goes on."""
        if children := self.children():
            _kill(chance.choice(children))

    def ask_to_end(self, longest_s: float = 60.0) -> int:
        """As an operator does; the exit status."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(longest_s)


def _kill(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


class Installation:
    """``environment`` are the FHIR_CODER_ settings; the server's EHR is the simulator's ``profile``."""

    def __init__(self, folder: Path, environment: Mapping[str, str], processes: int = 2) -> None:
        self.ehr_port, self.port = free_port(), free_port()
        env = {**os.environ, **environment}
        self.folder = folder
        self.ehr = Program(["conformance.simulator", "--port", str(self.ehr_port), "--slow", "1"], env, folder / "ehr.log")
        self.web = Program(["fhir_coder", "serve", "--sandbox", "--port", str(self.port)], env, folder / "web.log")
        self.worker = Program(["fhir_coder", "worker", "--sandbox", "--processes", str(processes)], env, folder / "worker.log")

    @property
    def base(self) -> str:
        """Of the server's FHIR API."""
        return f"http://127.0.0.1:{self.port}/fhir"

    def start(self) -> None:
        """Everything, until it answers."""
        self.ehr.start()
        wait_until(lambda: answers(self.ehr_port), what="the simulator")
        self.web.start()
        self.worker.start()
        self.wait_for_web()

    def wait_for_web(self) -> None:
        """Until the server is ready."""
        wait_until(self._is_ready, longest_s=90, what="the server")

    def stop(self) -> None:
        """All of it."""
        for one in (self.worker, self.web, self.ehr):
            one.kill()

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """An order to the simulator."""
        answer = requests.request(method, f"http://127.0.0.1:{self.ehr_port}/_control/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def visits(self, profile: str, count: int) -> Iterator[str]:
        """Ids of new encounters at the EHR."""
        for _ in range(count):
            made = self.control("POST", f"{profile}/visits", {})
            resources = made if isinstance(made, list) else [one["resource"] for one in made["entry"]]
            yield next(one["id"] for one in resources if one["resourceType"] == "Encounter")

    def _is_ready(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/health/ready", timeout=2).status_code == 200
        except requests.RequestException:
            return False
