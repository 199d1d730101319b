"""``python -m benchmarks.memory_flat``: resident memory of one process while it codes 20,000 notes, and the slope after the first tenth.

The notes are those of ``corpus/``, over and over, each with a text of its own: a running number and words of other notes are added, so that nothing that
remembers texts sees one twice. Whole encounters, with edits and disposition; without a store.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

from benchmarks.speed import CORPUS
from fhir_coder.app import build_coder
from fhir_coder.batch import encounter_from, read_lines
from fhir_coder.coding.policy import outpatient
from fhir_coder.installed import ensure_index
from fhir_coder.long_lived import keep_for_good
from fhir_coder.model import Encounter
from fhir_coder.settings import Settings

MIB = 1024
READINGS = 100


def resident_mib() -> float:
    """What this process has in memory now."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / MIB
    raise RuntimeError("no VmRSS in /proc/self/status")


def endless(encounters: list[Encounter], chance: random.Random) -> Iterator[Encounter]:
    """The encounters again and again, no text twice."""
    lines = [line for one in encounters for note in one.notes for line in note.text.splitlines() if line.strip()]
    for number in count():
        one = encounters[number % len(encounters)]
        added = "\n".join(chance.sample(lines, 3))
        notes = tuple(replace(note, text=f"{note.text}\nVisit number {number}.\n{added}\n") for note in one.notes)
        yield replace(one, notes=notes)


def main() -> int:
    """Print a reading for each hundredth part, and the slope."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--notes", type=int, default=20_000)
    total = parser.parse_args().notes
    settings = Settings.from_environment()
    ensure_index(settings)
    coder, policy = build_coder(settings), outpatient()
    keep_for_good()
    readings: list[tuple[int, float]] = []
    encounters = [encounter_from(line.value, line.number) for line in read_lines(CORPUS) if not line.problem]
    source = endless(encounters, random.Random(7))  # noqa: S311 - which lines are added
    for done in range(1, total + 1):
        coder.code_encounter(next(source), policy)
        if done % max(1, total // READINGS) == 0:
            gc.collect()
            readings.append((done, resident_mib()))
            print(f"{done} notes, {readings[-1][1]:.1f} MiB", flush=True)
    steady = readings[len(readings) // 10 :]
    slope = statistics.linear_regression([one for one, _ in steady], [mib for _, mib in steady]).slope
    print(f"slope after the first tenth: {slope * 1000:.3f} MiB for 1,000 notes; from {steady[0][1]:.1f} to {steady[-1][1]:.1f} MiB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
