"""A whole installation of processes: the EHR simulator, the server, a worker; each can be killed at any moment and is started again."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import requests

from tests.contracts.peers import FhirServer
from tests.contracts.prepared_export import prepare
from tests.crashes.services import answers, free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]


LOG_SHOWN = 4000
"""Characters of a log that are shown."""


class Program:
    """A process with children, in a group of its own."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str], log: Path) -> None:
        self._arguments, self._environment, self._log = arguments, dict(environment), log
        self._process: subprocess.Popen[bytes] | None = None

    def __str__(self) -> str:
        """For whoever reads of a failed run: whether it lives, and the end of its log."""
        state = "lives" if self.is_alive else "has ended"
        log = self._log.read_text(errors="replace") if self._log.exists() else ""
        return f"--- {' '.join(self._arguments[:2])} {state}\n{log[-LOG_SHOWN:]}"

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
        if self._process is not None and self._process.poll() is None:
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


class Ehr(Protocol):
    """Where the encounters are, which nobody kills."""

    base_url: str

    def encounters(self, count: int) -> list[str]:
        """Ids of so many of them."""

    def held(self) -> list[dict[str, Any]]:
        """What was written there by us."""


class Simulator:
    """The simulator's full R4 server, with transactions and conditional creates."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self._process = Program(["conformance.simulator", "--port", str(port), "--slow", "1"], os.environ, folder / "ehr.log")
        self._control = f"http://127.0.0.1:{port}/_control/plain"
        self.base_url = f"http://127.0.0.1:{port}/plain/fhir"
        self._process.start()
        wait_until(lambda: answers(port), what="the simulator")

    def encounters(self, count: int) -> list[str]:
        """New ones."""
        return [self._new() for _ in range(count)]

    def held(self) -> list[dict[str, Any]]:
        """As its control tells it."""
        found: list[dict[str, Any]] = requests.get(self._control, timeout=60).json()["held"]
        return found

    def stop(self) -> None:
        """For good."""
        self._process.kill()

    def _new(self) -> str:
        made = requests.post(f"{self._control}/visits", json={}, timeout=30).json()
        resources = made if isinstance(made, list) else [one["resource"] for one in made["entry"]]
        return str(next(one["id"] for one in resources if one["resourceType"] == "Encounter"))


class Medplum:
    """A FHIR server that nobody here wrote, with encounters of the prepared export."""

    def __init__(self, server: FhirServer, script: Path, folder: Path, count: int) -> None:
        folder.mkdir()
        export = prepare(script, folder, count)
        server.put(export)
        self._server = server
        self._ids = [one["id"] for one in export if one["resourceType"] == "Encounter"]
        self.base_url = server.base_url

    def encounters(self, count: int) -> list[str]:
        """Those of the export."""
        return self._ids[:count]

    def held(self) -> list[dict[str, Any]]:
        """By search."""
        return [one for kind in ("Condition", "Claim", "Task", "Provenance") for one in self._server.all_of(kind)]


class Installation:
    """``environment`` are the FHIR_CODER_ settings, ``ehr`` is the EHR of the only tenant, as ``sim``."""

    def __init__(self, folder: Path, environment: Mapping[str, str], ehr: Ehr, processes: int = 2) -> None:
        self.port = free_port()
        self.ehr = ehr
        tenants = folder / "tenants.json"
        known = {"id": "sim", "base_url": ehr.base_url, "timeout_s": 6, "write_before_review": True}
        tenants.write_text(json.dumps([{"id": "default", "ehrs": [known]}]))
        env = {**os.environ, **environment, "FHIR_CODER_TENANTS": str(tenants)}
        self.web = Program(["fhir_coder", "serve", "--sandbox", "--port", str(self.port)], env, folder / "web.log")
        self.worker = Program(["fhir_coder", "worker", "--sandbox", "--processes", str(processes)], env, folder / "worker.log")

    @property
    def base(self) -> str:
        """Of the server's FHIR API."""
        return f"http://127.0.0.1:{self.port}/fhir"

    def revive(self) -> None:
        """Start what has ended by itself, as whatever supervises services does (``restart: unless-stopped`` in the compose file)."""
        for one in (self.worker, self.web):
            if not one.is_alive:
                one.start()

    def start(self) -> None:
        """Everything, until it answers."""
        self.web.start()
        self.worker.start()
        self.wait_for_web()

    def wait_for_web(self) -> None:
        """Until the server is ready."""
        wait_until(self._is_ready, longest_s=90, what="the server")

    def stop(self) -> None:
        """All of it."""
        for one in (self.worker, self.web):
            one.kill()

    def _is_ready(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/health/ready", timeout=2).status_code == 200
        except requests.RequestException:
            return False
