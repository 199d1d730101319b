"""``python -m benchmarks.memory_shared``: memory of ``fhir-coder serve`` with 1, 2 and 4 worker processes after each of them has coded notes.

The proportional size (PSS) counts a page that several processes share in parts: its sum over all processes is the memory that the server takes
(https://docs.kernel.org/filesystems/proc.html, smaps_rollup; Linux only).

usage: python -m benchmarks.memory_shared [NOTES.jsonl]   (default: a part of this project's corpus)
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fhir_coder.batch import read_lines

CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "outpatient_train.jsonl"
WORKERS = (1, 2, 4)
NOTES_FOR_EACH = 60
STARTS_S = 300.0
MIB = 1024
OPERATION = "/fhir/Encounter/$code-encounter"


def main() -> int:
    """Print the figures."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS
    notes = [line.value["text"] for line in read_lines(path) if not line.problem]
    for count in WORKERS:
        with _server(count) as (master, port):
            _code(port, [notes[number % len(notes)] for number in range(count * NOTES_FOR_EACH)])
            print(_report(count, master))
    return 0


@contextmanager
def _server(workers: int) -> Iterator[tuple[int, int]]:
    """The process of a server of its own in sandbox mode, and its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder:
        own = {
            "FHIR_CODER_DATABASE_URL": f"sqlite:///{folder}/store.sqlite",
            "FHIR_CODER_RATE_LIMIT": "",
            "FHIR_CODER_WORKERS": str(workers),
        }
        command = [sys.executable, "-m", "fhir_coder", "serve", "--sandbox", "--port", str(port)]
        with subprocess.Popen(command, env=os.environ | own, stderr=subprocess.DEVNULL) as server:  # noqa: S603 - our own words
            try:
                _wait(port)
                yield server.pid, port
            finally:
                server.terminate()


def _wait(port: int) -> None:
    deadline = time.monotonic() + STARTS_S
    while time.monotonic() < deadline:
        try:
            if _call(port, "GET", "/health/ready") == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("the server did not start")


def _code(port: int, notes: Sequence[str]) -> None:
    """Have the notes coded, so many at once that every worker has some."""
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda note: _call(port, "POST", OPERATION, _parameters(note)), notes))
    if set(statuses) != {200}:
        raise RuntimeError(f"notes were not coded: {sorted(set(statuses))}")


def _call(port: int, method: str, path: str, body: bytes | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request(method, path, body, {"Content-Type": "application/fhir+json", "Connection": "close"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def _parameters(text: str) -> bytes:
    subject = {"reference": "Patient/p1"}
    encounter = {"resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "AMB"}, "subject": subject}
    attachment = {"contentType": "text/plain", "data": base64.b64encode(text.encode()).decode()}
    note = {"resourceType": "DocumentReference", "status": "current", "subject": subject, "content": [{"attachment": attachment}]}
    values: list[dict[str, Any]] = [{"name": "encounter", "resource": encounter}, {"name": "note", "resource": note}]
    return json.dumps({"resourceType": "Parameters", "parameter": values}).encode()


def _report(count: int, master: int) -> str:
    children = Path(f"/proc/{master}/task/{master}/children").read_text(encoding="ascii").split()
    parent, workers = _memory(master), [_memory(int(pid)) for pid in children]
    whole = (parent["Pss"] + sum(one["Pss"] for one in workers)) / MIB
    own = [(one["Private_Clean"] + one["Private_Dirty"]) / MIB for one in workers]
    resident = sum(one["Rss"] for one in workers) / len(workers) / MIB
    return (
        f"{count} workers: {whole:.0f} MiB in all; a worker {resident:.0f} MiB resident, of it {sum(own) / len(own):.0f} MiB its own; "
        f"{count * NOTES_FOR_EACH} notes coded"
    )


def _memory(pid: int) -> dict[str, int]:
    """Memory of a process by kind, in KiB."""
    lines = (line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:])
    return {name.rstrip(":"): int(size) for name, size, *_ in lines}


if __name__ == "__main__":
    sys.exit(main())
