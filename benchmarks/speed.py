"""``make bench``: cold start, time for each note end to end and stage by stage, two workers, memory, and a peer on the same notes in the same run.

Times are of the clock; beside them stands processor time, which other work on the machine hardly changes: compare versions by it.

usage: python -m benchmarks.speed [NOTES.jsonl]   (default: the corpus of this project)
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.peer import run_peer
from benchmarks.timing import cpu_seconds_of, line_of, seconds_of
from benchmarks.workers import run_workers
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
_COLD = (
    "from fhir_coder.app import build_coder; from fhir_coder.settings import Settings; from fhir_coder.batch import encounter_from;"
    "from fhir_coder.coding.policy import outpatient;"
    "build_coder(Settings.from_environment()).code_encounter(encounter_from({'text': 'Assessment: hypertension.'}, 1), outpatient())"
)


def main() -> int:
    """Print the figures."""
    settings = Settings.from_environment()
    ensure_index(settings)
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS
    cold = seconds_of(lambda: subprocess.run([sys.executable, "-c", _COLD], check=True))  # noqa: S603 - our own words
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"cold start, interpreter to first note coded: {cold:.2f} s, processor {used.ru_utime + used.ru_stime:.2f} s")
    coder = build_coder(settings)
    encounters = [encounter_from(line.value, line.number) for line in read_lines(path) if not line.problem]
    policy = outpatient(settings.assign_probability)
    coder.code_encounter(encounters[0], policy)
    print(line_of("note, end to end", [seconds_of(lambda e=one: coder.code_encounter(e, policy)) for one in encounters]))  # type: ignore[misc]
    cpu = [cpu_seconds_of(lambda e=one: coder.code_encounter(e, policy)) for one in encounters]  # type: ignore[misc]
    print(line_of("the same, processor time", cpu))
    _print_stages(coder, encounters)
    print(f"peak resident memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    print("\n".join(run_workers(coder, policy, encounters)))
    print("\n".join(run_peer(settings.data / "benchmarks", path)))
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
        print(line_of(name, times))


if __name__ == "__main__":
    sys.exit(main())
