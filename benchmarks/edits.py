"""``python -m benchmarks.edits``: time of all compliance edits on an encounter of twelve codes, with and without notes, and the slowest edits.

The codes are drawn from the reference codes of the training notes. Encounters of one note are training notes with four codes or more of their own, filled up to
twelve; those of several are training notes put together until twelve codes are assigned.
The first figure of each kind is of a process that has the release open and has checked half of the encounters, so that it meets many codes for the first time; the
second of one that has met these codes before, as one that serves has. Processor time stands beside that of the clock, as other work on the machine hardly changes it.

usage: python -m benchmarks.edits [NOTES.jsonl...]   (default: the training files of this project)
"""

from __future__ import annotations

import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.timing import MILLISECONDS, cpu_seconds_of, line_of, seconds_of
from fhir_coder.app import build_coder
from fhir_coder.batch import encounter_from, read_lines
from fhir_coder.coding.assignment import assign_codes
from fhir_coder.coding.policy import outpatient
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.registry import all_edits
from fhir_coder.edits.run import case_of, check_codes
from fhir_coder.installed import ensure_index
from fhir_coder.model import MAX_DIAGNOSES, CodedEncounter, Encounter
from fhir_coder.pipeline import Coder
from fhir_coder.settings import Settings
from terminology.release import Release

CORPUS = Path(__file__).resolve().parents[1] / "corpus"
LISTS = 600
NOTES_AT_MOST = 6
OWN_CODES = 4
SLOWEST = 5

_SEED = 20
_BORN, _SERVED = date(1968, 3, 2), date(2026, 5, 4)

Maker = Callable[[], EditCase]
"""Makes the case afresh: what edits share is worked out once for each case, and belongs to its time."""


def main() -> int:
    """Print the figures."""
    settings = Settings.from_environment()
    ensure_index(settings)
    coder = build_coder(settings)
    paths = [Path(name) for name in sys.argv[1:]] or sorted(CORPUS.glob("outpatient_train*.jsonl"))
    rows = [line.value for path in paths for line in read_lines(path) if not line.problem]
    _print_figures("twelve codes", list(code_lists(rows, coder.catalogue.newest)))
    _print_figures("twelve codes, one note", list(one_note_cases(rows, coder)))
    _print_figures("twelve codes, several notes", list(note_cases(rows, coder)))
    return 0


def code_lists(rows: Sequence[dict[str, Any]], release: Release) -> Iterator[Maker]:
    """Lists of twelve different codes, drawn as often as the reference has them."""
    chance = random.Random(_SEED)  # noqa: S311 - the same lists in every run
    codes = [code for row in rows for code in row["codes"]]
    for _ in range(LISTS):
        drawn: dict[str, None] = {}
        while len(drawn) < MAX_DIAGNOSES:
            drawn[chance.choice(codes)] = None
        gender = chance.choice(("female", "male"))
        yield lambda drawn=tuple(drawn), gender=gender: EditCase(drawn, _BORN, gender, _SERVED, release, "covered")  # type: ignore[misc]


def one_note_cases(rows: Sequence[dict[str, Any]], coder: Coder) -> Iterator[Maker]:
    """Encounters of one note from which at least ``OWN_CODES`` codes are assigned, filled up to twelve with codes of other notes."""
    policy, release, chance = outpatient(), coder.catalogue.newest, random.Random(_SEED)  # noqa: S311 - as above
    others = sorted({code for row in rows for code in row["codes"]})
    for number, row in enumerate(rows, 1):
        candidates = coder.find_candidates(_together([encounter_from(row, number)]), release, policy)
        coded = assign_codes(candidates, release, coder.rankers[policy.name], policy, {})
        own = coded.assignments[:MAX_DIAGNOSES]
        if len(own) >= OWN_CODES:
            added = chance.sample(others, MAX_DIAGNOSES - len(own))
            filled = (*own, *(replace(own[0], code=code, evidence=(), rank=rank) for rank, code in enumerate(added, len(own) + 1)))
            yield _maker(replace(coded, assignments=filled), release)


def note_cases(rows: Iterable[dict[str, Any]], coder: Coder) -> Iterator[Maker]:
    """Encounters whose notes yield twelve codes or more, of which the first twelve count."""
    policy = outpatient()
    release = coder.catalogue.newest
    notes: list[Encounter] = []
    for number, row in enumerate(rows, 1):
        notes.append(encounter_from(row, number))
        coded = assign_codes(coder.find_candidates(_together(notes), release, policy), release, coder.rankers[policy.name], policy, {})
        if len(coded.assignments) >= MAX_DIAGNOSES:
            yield _maker(replace(coded, assignments=coded.assignments[:MAX_DIAGNOSES]), release)
        if len(coded.assignments) >= MAX_DIAGNOSES or len(notes) == NOTES_AT_MOST:
            notes = []


def _together(encounters: Sequence[Encounter]) -> Encounter:
    notes = tuple(replace(one.notes[0], id=f"note-{place}") for place, one in enumerate(encounters, 1))
    return replace(encounters[0], notes=notes, service_date=_SERVED)


def _maker(coded: CodedEncounter, release: Release) -> Maker:
    return lambda: case_of(coded, release, "covered")


def _print_figures(name: str, makers: Sequence[Maker]) -> None:
    """All edits together, over the half of the cases that comes after the half that warms up, then once more; then the slowest one by one."""
    half = len(makers) // 2
    for make in makers[:half]:
        check_codes(make(), {})
    print(line_of(name, [seconds_of(lambda m=make: check_codes(m(), {})) for make in makers[half:]]))  # type: ignore[misc]
    print(line_of("the same, codes met before", [seconds_of(lambda m=make: check_codes(m(), {})) for make in makers[half:]]))  # type: ignore[misc]
    print(line_of("the same, processor time", [cpu_seconds_of(lambda m=make: check_codes(m(), {})) for make in makers[half:]]))  # type: ignore[misc]
    print("\n".join(_slowest(makers[half:])))


def _slowest(makers: Sequence[Maker]) -> Iterator[str]:
    """Mean processor time of the dearest edits, with what they are the first of a case to ask for."""
    spent: dict[str, float] = defaultdict(float)
    for make in makers:
        case = make()
        for edit in all_edits():
            spent[f"{edit.id} {edit.name}"] += cpu_seconds_of(lambda e=edit, c=case: check_codes(c, {}, [e]))  # type: ignore[misc]
    for name in sorted(spent, key=spent.__getitem__, reverse=True)[:SLOWEST]:
        yield f"    {name:40} {spent[name] / len(makers) * MILLISECONDS:6.2f} ms"


if __name__ == "__main__":
    sys.exit(main())
