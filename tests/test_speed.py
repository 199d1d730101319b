"""The demands on speed and memory that a change may not break, by processor time: how busy the machine is does not show in it."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

from fhir_coder.batch import encounter_from, read_lines
from fhir_coder.coding.policy import outpatient
from fhir_coder.model import Encounter
from fhir_coder.pipeline import Coder

ROOT = Path(__file__).resolve().parents[1]
NOTES = ROOT / "corpus" / "outpatient_train_4.jsonl"
COUNT = 40
TRIES = 3
MEDIAN_S, P95_S, START_S, RESIDENT_MIB = 0.1, 0.25, 8, 900
YARDSTICK_S = 1.0
"""What :func:`_slowness` does takes on the machines that the demands were made for; slower ones get as much more time as they are slower."""


def test_a_note_takes_no_longer_than_we_promise(coder: Coder) -> None:
    encounters = [encounter_from(line.value, line.number) for line in islice(read_lines(NOTES), COUNT)]
    for one in encounters:  # what a rule needs is made ready when a first note has its words: a serving process has met them all
        coder.code_encounter(one, outpatient())
    times = sorted(_processor_time(coder, one) for one in encounters)
    slowness = _slowness()
    assert statistics.median(times) <= MEDIAN_S * slowness
    assert times[int(0.95 * len(times))] <= P95_S * slowness


def test_a_start_is_quick_and_fits_in_memory(built: None) -> None:
    script = (
        "import resource; from fhir_coder.app import create_app; from fhir_coder.settings import Settings;"
        "create_app(Settings.from_environment(sandbox=False)); used = resource.getrusage(resource.RUSAGE_SELF);"
        "peak = next(line for line in open('/proc/self/status') if line.startswith('VmHWM'));"
        "print(used.ru_utime + used.ru_stime, int(peak.split()[1]) / 1024)"
    )
    relative = []  # of the time that the machine of that moment needs: another process beside it slows both
    for _ in range(TRIES):
        before = _slowness()
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
        seconds, mib = map(float, done.stdout.splitlines()[-1].split())
        assert mib <= RESIDENT_MIB
        relative.append(seconds / max(before, _slowness()))
        if relative[-1] <= START_S:
            break
    assert min(relative) <= START_S


def _processor_time(coder: Coder, encounter: Encounter) -> float:
    started = time.process_time()
    coder.code_encounter(encounter, outpatient())
    return time.process_time() - started


def _slowness() -> float:
    """How much longer this machine takes over a fixed piece of work, at least 1: counting, and filling memory, as loading does."""
    started = time.process_time()
    sum(number * number for number in range(5_000_000))
    filled = {str(number): [number] for number in range(600_000)}
    assert len(filled) == 600_000
    return max(1.0, (time.process_time() - started) / YARDSTICK_S)
