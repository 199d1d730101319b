"""Several workers forked from one loaded engine, as the server runs them: notes a second, and memory of their own and shared."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

from fhir_coder.coding.policy import CodingPolicy
from fhir_coder.long_lived import keep_for_good
from fhir_coder.model import Encounter
from fhir_coder.pipeline import Coder

ROUNDS = 3
MIB = 1024


def run_workers(coder: Coder, policy: CodingPolicy, encounters: Sequence[Encounter], count: int = 2) -> list[str]:
    """Each of ``count`` workers codes all the encounters ``ROUNDS`` times at once; lines that say how fast, and with how much memory."""
    keep_for_good()
    started = time.perf_counter()
    pipes = [_start(coder, policy, encounters) for _ in range(count)]
    reports = [_finish(pipe) for pipe in pipes]
    spent = time.perf_counter() - started
    coded = ROUNDS * len(encounters)
    used = sum(one["cpu_ms"] for one in reports) / 1000
    lines = [
        f"{count} workers{'':24} {count * coded / spent:7.1f} notes a second, {count * count * coded / used:.1f} with a processor for each"
    ]
    lines += [
        f"worker {number}: resident {one['Rss'] / MIB:.0f} MiB, of it shared {_shared(one) / MIB:.0f} MiB; proportional {one['Pss'] / MIB:.0f} MiB"
        for number, one in enumerate(reports, 1)
    ]
    return lines


def _start(coder: Coder, policy: CodingPolicy, encounters: Sequence[Encounter]) -> int:
    """A worker at work; the end of the pipe on which it reports its memory when it is done."""
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        return reading
    started = time.process_time()
    for _ in range(ROUNDS):
        for encounter in encounters:
            coder.code_encounter(encounter, policy)
    used = {"cpu_ms": int((time.process_time() - started) * 1000)}
    os.write(writing, json.dumps(_memory() | used).encode())
    os.read(reading, 0)
    os._exit(0)


def _finish(pipe: int) -> dict[str, int]:
    with os.fdopen(pipe, "rb") as stream:
        report: dict[str, int] = json.loads(stream.read())
    os.wait()
    return report


def _memory() -> dict[str, int]:
    """This process's memory by kind, in KiB (Linux, proc(5))."""
    lines = (line.split() for line in Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()[1:])
    return {name.rstrip(":"): int(size) for name, size, *_ in lines}


def _shared(memory: dict[str, int]) -> int:
    return memory["Shared_Clean"] + memory["Shared_Dirty"]
