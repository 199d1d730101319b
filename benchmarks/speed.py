"""``make bench``: cold start, time for each note end to end, time for each stage, memory. Ratios come from one run.

usage: python -m benchmarks.speed [NOTES.jsonl]   (default: the corpus of this project)
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from fhir_coder.app import build_coder
from fhir_coder.batch import encounter_from, read_lines
from fhir_coder.coding.assignment import assign_codes
from fhir_coder.coding.policy import outpatient
from fhir_coder.disposition import decide
from fhir_coder.edits.run import run_edits
from fhir_coder.installed import ensure_index
from fhir_coder.model import Encounter
from fhir_coder.pipeline import Coder
from fhir_coder.settings import Settings

CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "outpatient_train.jsonl"
MILLISECONDS = 1000.0


def main() -> int:
    """Print the figures."""
    settings = Settings.from_environment()
    ensure_index(settings)
    started = time.perf_counter()
    coder = build_coder(settings)
    print(f"engine loaded in {time.perf_counter() - started:.2f} s")
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS
    encounters = [encounter_from(line.value, line.number) for line in read_lines(path) if not line.problem]
    policy = outpatient(settings.assign_probability)
    coder.code_encounter(encounters[0], policy)
    _print("note, end to end", [_timed(lambda e=one: coder.code_encounter(e, policy)) for one in encounters])
    _print_stages(coder, encounters)
    print(f"peak resident memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    return 0


def _print_stages(coder: Coder, encounters: list[Encounter]) -> None:
    """The same notes stage by stage."""
    release = coder.catalogue.newest
    policy = outpatient()
    spent: dict[str, list[float]] = {"reading and candidates": [], "assignment": [], "edits": [], "disposition": []}
    for encounter in encounters:
        moments = [time.perf_counter()]
        candidates = coder.find_candidates(encounter, release, policy)
        moments.append(time.perf_counter())
        coded = assign_codes(candidates, release, coder.rankers[policy.name], policy, {})
        moments.append(time.perf_counter())
        report = run_edits(coded, release, "undated", coder.severities)
        moments.append(time.perf_counter())
        decide(report, coder.review)
        moments.append(time.perf_counter())
        for name, before, after in zip(spent, moments, moments[1:], strict=False):
            spent[name].append(after - before)
    for name, times in spent.items():
        _print(name, times)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _print(name: str, times: list[float]) -> None:
    ordered = sorted(times)
    p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    print(f"{name:24} median {statistics.median(times) * MILLISECONDS:7.1f} ms   p95 {p95 * MILLISECONDS:7.1f} ms   n {len(times)}")


if __name__ == "__main__":
    sys.exit(main())
