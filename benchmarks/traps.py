"""The trap suite: short notes that invite a wrong code, and the share of each trap that the engine withstands.

usage: python -m benchmarks.traps [TRAPS.jsonl]   (default: ``corpus/traps.jsonl``; its fields are explained in ``corpus/README.md``)

A trap is withstood when every code of ``must_have`` is assigned and none is that ``must_not_have`` names or that stands below one it names.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from fhir_coder.app import build_coder
from fhir_coder.batch import read_lines
from fhir_coder.coding.policy import outpatient
from fhir_coder.installed import ensure_index
from fhir_coder.model import Encounter, Note
from fhir_coder.pipeline import Coder
from fhir_coder.settings import Settings

TRAPS = Path(__file__).resolve().parents[1] / "corpus" / "traps.jsonl"
_SERVED = date(2026, 5, 4)


def main() -> int:
    """Print one line for each trap, with the notes that it caught."""
    settings = Settings.from_environment()
    ensure_index(settings)
    coder = build_coder(settings)
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else TRAPS
    outcomes: dict[str, list[str]] = {}
    for trap in read_traps(path):
        outcomes.setdefault(trap["trap"], []).append(fault_of(coder, trap))
    for name, faults in outcomes.items():
        print(f"{name:24} {faults.count(''):3} of {len(faults):3}", *(f"\n    {fault}" for fault in faults if fault))
    every = [fault for faults in outcomes.values() for fault in faults]
    print(f"{'all':24} {every.count(''):3} of {len(every):3}  {every.count('') / len(every):.3f}")
    return 0


def read_traps(path: Path) -> Iterator[Mapping[str, Any]]:
    """The lines of a file of traps."""
    return (line.value for line in read_lines(path) if line.value)


def fault_of(coder: Coder, trap: Mapping[str, Any]) -> str:
    """Which codes were missed and which should not have been assigned, in words; empty when the trap was withstood."""
    encounter = Encounter(id=trap["id"], notes=(Note(id="n", text=trap["text"]),), service_date=_SERVED)
    coded = coder.code_encounter(encounter, outpatient())[0].report.coded
    assigned = {assignment.code for assignment in coded.assignments}
    missed = sorted(set(trap["must_have"]) - assigned)
    wrong = sorted(code for code in assigned if code.startswith(tuple(trap["must_not_have"])))
    told = [f"misses {', '.join(missed)}"] * bool(missed) + [f"assigns {', '.join(wrong)}"] * bool(wrong)
    return f"{trap['id']} {' and '.join(told)}" if told else ""


if __name__ == "__main__":
    sys.exit(main())
