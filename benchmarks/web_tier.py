"""``python -m benchmarks.web_tier``: 200 clients at once for a minute, on a mix of requests; then one caller who waits, without and with jobs in the background.

Asked of each of 200 clients, with a pause of 1 to 3 s between two requests (about 100 requests a second): 40 % metadata, 35 % the status of a job, 20 % the
worklist page, 5 % a coding that is answered later. The server, its jobs and the clients share the machine. Exit status 1 where anything but 503 with
Retry-After came as 5xx, or a job was lost.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from fhir_coder.settings import Settings
from fhir_coder.store.cipher import new_store_key

PORT = 8497
ROOT = f"http://127.0.0.1:{PORT}"
CODE = f"{ROOT}/fhir/Encounter/diabetes-ckd/$code-encounter"
MIX = {"metadata": 40, "status": 35, "worklist": 20, "coding": 5}
PAUSES_S = (1.0, 3.0)
BACKGROUND = 60
"""Jobs that wait while the caller's time is taken."""
CALLS = 20


@dataclass
class Seen:
    """What all clients saw."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, kind: str, answer: requests.Response, seconds: float) -> None:
        """One answer."""
        with self.lock:
            self.seconds[kind].append(seconds)
            self.statuses[kind, answer.status_code] += 1
            if answer.status_code >= 500 and not (answer.status_code == 503 and "Retry-After" in answer.headers):
                self.wrong.append(f"{kind}: {answer.status_code}")
            if kind == "coding" and answer.status_code == 202:
                self.jobs.append(answer.headers["Content-Location"])


def client(seen: Seen, number: int, ends: float) -> None:
    """One client until the time is over."""
    chance, session = random.Random(number), requests.Session()  # noqa: S311 - a mix of requests
    asks: dict[str, Callable[[], requests.Response]] = {
        "metadata": lambda: session.get(f"{ROOT}/fhir/metadata", timeout=60),
        "status": lambda: session.get(chance.choice(seen.jobs) if seen.jobs else f"{ROOT}/fhir/metadata", timeout=60),
        "worklist": lambda: session.get(f"{ROOT}/review/", timeout=60),
        "coding": lambda: session.post(CODE, headers={"Prefer": "respond-async"}, timeout=60),
    }
    time.sleep(chance.uniform(0, PAUSES_S[1]))
    while time.monotonic() < ends:
        (kind,) = chance.choices([*MIX], [*MIX.values()])
        began = time.monotonic()
        try:
            seen.count(kind, asks[kind](), time.monotonic() - began)
        except requests.RequestException as error:
            with seen.lock:
                seen.wrong.append(f"{kind}: {type(error).__name__}")
        time.sleep(chance.uniform(*PAUSES_S))


def load(clients: int, seconds: float) -> Seen:
    """All of them at once."""
    seen, ends = Seen(), time.monotonic() + seconds
    threads = [threading.Thread(target=client, args=(seen, number, ends)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def lost(jobs: list[str]) -> int:
    """How many of the jobs never come to an end; asked after the load."""
    open_jobs, deadline = set(jobs), time.monotonic() + 1200
    while open_jobs and time.monotonic() < deadline:
        open_jobs = {one for one in open_jobs if requests.get(one, timeout=60).status_code in {202, 503}}
        time.sleep(1 if open_jobs else 0)
    return len(open_jobs)


def waiting_caller() -> list[float]:
    """Seconds of calls that are waited for."""
    found = []
    for _ in range(CALLS):
        began = time.monotonic()
        answer = requests.post(CODE, timeout=120)
        answer.raise_for_status()
        found.append(time.monotonic() - began)
    return found


@contextmanager
def server() -> Iterator[None]:
    """The server as it comes, with a store of its own."""
    with tempfile.TemporaryDirectory() as folder:
        given = {
            "FHIR_CODER_DATA": str(Settings.from_environment().data),
            "FHIR_CODER_DATABASE_URL": f"sqlite:///{Path(folder) / 'store.sqlite'}",
            "FHIR_CODER_KEY": new_store_key(),
            "FHIR_CODER_RATE_LIMIT": "",
            "FHIR_CODER_LOG_LEVEL": "WARNING",
        }
        command = [sys.executable, "-m", "fhir_coder", "serve", "--sandbox", "--port", str(PORT)]
        with subprocess.Popen(command, env={**os.environ, **given}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - ours
            try:
                _wait()
                yield
            finally:
                process.terminate()


def _wait() -> None:
    for _ in range(240):
        try:
            if requests.get(f"{ROOT}/health/ready", timeout=5).status_code == 200:
                return
        except requests.RequestException:
            pass
        time.sleep(0.5)
    raise SystemExit("the server did not start")


def _line(name: str, seconds: list[float]) -> str:
    ordered = sorted(seconds)
    p50, p99 = ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return f"{name}: {len(ordered)} answers, median {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms"


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    with server():
        idle = waiting_caller()
        for _ in range(BACKGROUND):
            requests.post(CODE, headers={"Prefer": "respond-async"}, timeout=60).raise_for_status()
        busy = waiting_caller()
        print(_line("a caller who waits, nothing else going on", idle))
        print(_line("the same while jobs are done", busy))
        print(f"ratio of the medians {sorted(busy)[CALLS // 2] / sorted(idle)[CALLS // 2]:.2f}")
        seen = load(arguments.clients, arguments.seconds)
        for kind in MIX:
            print(_line(kind, seen.seconds[kind]))
        print(_line("all", [one for found in seen.seconds.values() for one in found]))
        print("statuses " + ", ".join(f"{kind} {status}: {count}" for (kind, status), count in sorted(seen.statuses.items())))
        missing = lost(seen.jobs)
        print(f"{len(seen.jobs)} jobs taken on, {missing} without an end; wrong answers: {Counter(seen.wrong) or 'none'}")
    return int(bool(missing or seen.wrong))


if __name__ == "__main__":
    sys.exit(main())
