"""Why reference codes are missed: what became of each code that the engine should have assigned and did not.

usage: python -m benchmarks.misses NOTES.jsonl...
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection
from pathlib import Path

from fhir_coder.app import build_coder
from fhir_coder.batch import codes_field, encounter_from, read_lines
from fhir_coder.coding.policy import outpatient
from fhir_coder.installed import ensure_index
from fhir_coder.model import CodedEncounter
from fhir_coder.settings import Settings

SAME_CATEGORY, NOT_OFFERED = "another code of the category assigned", "offered by nothing"


def main() -> int:
    """Print how many codes were missed, and the share of each cause."""
    settings = Settings.from_environment()
    ensure_index(settings)
    coder, policy = build_coder(settings), outpatient()
    causes: Counter[str] = Counter()
    asked = 0
    for path in map(Path, sys.argv[1:]):
        for line in read_lines(path):
            if not line.problem:
                disposition, _ = coder.code_encounter(encounter_from(line.value, line.number), policy)
                wanted = frozenset(codes_field(line.value))
                asked += len(wanted)
                causes.update(causes_of_misses(disposition.report.coded, wanted))
    missed = causes.total()
    print(f"{missed} of {asked} reference codes missed")
    for cause, count in causes.most_common():
        print(f"{cause:42} {count:5} {count / missed:6.1%}")
    return 0


def causes_of_misses(coded: CodedEncounter, wanted: Collection[str]) -> list[str]:
    """One cause for each wanted code that was not assigned: the reason it was rejected for, or that nothing offered it."""
    assigned = {one.code for one in coded.assignments}
    rejected = {one.code: one.reason.value for one in coded.rejected}
    needless = {code[:3] for code in assigned - set(wanted)}
    return [SAME_CATEGORY if code[:3] in needless else rejected.get(code, NOT_OFFERED) for code in sorted(set(wanted) - assigned)]


if __name__ == "__main__":
    sys.exit(main())
