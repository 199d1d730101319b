"""``python -m benchmarks.recheck``: time of the edits on a reviewer's codes, and of the search for codes while somebody types.

The encounter has twelve codes and four notes of 40 KB together, put together from the notes that only measure. It is kept in a store of its own with a key, as a server keeps it.
"""

from __future__ import annotations

import sys
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from benchmarks.timing import cpu_seconds_of, line_of, seconds_of
from fhir_coder.app import build_coder
from fhir_coder.batch import read_lines
from fhir_coder.code_search.searching import CodeSearch
from fhir_coder.coding.policy import outpatient
from fhir_coder.exchange import CodingResult, Intake
from fhir_coder.installed import ensure_index
from fhir_coder.kept_readings import KeptReadings
from fhir_coder.model import MAX_DIAGNOSES, Authority, Encounter, Note, Patient
from fhir_coder.pipeline import Coder
from fhir_coder.rechecking import Rechecker, Reviewed, ReviewedCode
from fhir_coder.record.again import EncounterSource
from fhir_coder.record.rereading import NoteReader
from fhir_coder.service import ServiceLine
from fhir_coder.settings import Settings
from fhir_coder.store.records import StoredEncounter
from fhir_coder.store.start import open_stores

CORPUS = Path(__file__).resolve().parents[1] / "corpus"
NOTES, NOTE_SIZE = 4, 10_240
ROUNDS = 40
KEY = urlsafe_b64encode(bytes(range(32))).decode()
"""Of a store that is thrown away."""
_TYPED = (
    "type 2 diabetes with neuropathy",
    "t2dm ckd 3b",
    "acute otitis media left ear",
    "fracture of distal radius left",
    "heart failure with preserved ef",
    "E11.42",
    "knee osteoarthritis bilateral",
    "s52.5",
)


def main() -> int:
    """Print the figures."""
    settings = Settings.from_environment()
    ensure_index(settings)
    coder = build_coder(settings)
    _print_rechecks(coder)
    _print_searches(coder)
    return 0


def _print_rechecks(coder: Coder) -> None:
    with tempfile.TemporaryDirectory() as folder:
        coding = stored(coder, Path(folder))
        size = sum(note.length for note in coding.notes)
        print(f"encounter: {len(coding.assignments)} codes, {len(coding.notes)} notes, {size} characters")
        source = EncounterSource(NoteReader(lambda tenant, ehr: None), lambda coding: Intake(Encounter("", ())))
        rechecker = Rechecker(coder, outpatient(), KeptReadings())
        first = seconds_of(lambda: rechecker.recheck(coding, _changed(coding, 0), source))
        print(line_of("edits, the notes read first", [first]))
        rounds = [_changed(coding, number) for number in range(1, ROUNDS + 1)]
        print(line_of("edits at a change", [seconds_of(lambda r=one: rechecker.recheck(coding, r, source)) for one in rounds]))  # type: ignore[misc]
        print(line_of("the same, processor time", [cpu_seconds_of(lambda r=one: rechecker.recheck(coding, r, source)) for one in rounds]))  # type: ignore[misc]
        print(f"findings: {len(rechecker.recheck(coding, rounds[0], source).findings)}")


def _changed(coding: StoredEncounter, number: int) -> Reviewed:
    """The codes as after some changes: turned round in order, one of them a person's."""
    codes = [ReviewedCode(one.code, one.evidence, probability=one.probability) for one in coding.assignments]
    turn = number % len(codes)
    turned = [*codes[turn:], *codes[:turn]]
    turned[-1] = replace(turned[-1], probability=None, lines=(1,))
    return Reviewed(tuple(turned))


def stored(coder: Coder, folder: Path) -> StoredEncounter:
    """The coding of the encounter, kept in ``store.sqlite`` of a folder under :data:`KEY`."""
    encounter = _encounter()
    disposition, release = coder.code_encounter(encounter, outpatient())
    coded = disposition.report.coded
    coded = replace(coded, assignments=coded.assignments[:MAX_DIAGNOSES])
    disposition = replace(disposition, report=replace(disposition.report, coded=coded), by_code=disposition.by_code[:MAX_DIAGNOSES])
    result = CodingResult(Intake(encounter), disposition, release, {"resourceType": "Bundle", "type": "collection"}, is_inline=True)
    repository = open_stores(f"sqlite:///{folder / 'store.sqlite'}", KEY).repository
    try:
        stored = repository.get("default", repository.save("default", "", result))
    finally:
        repository.close()
    if stored is None:
        raise RuntimeError("the store does not give back what it took")
    return stored


def _encounter() -> Encounter:
    texts = [str(line.value["text"]) for path in sorted(CORPUS.glob("outpatient_held_out*.jsonl")) for line in read_lines(path)]
    pages = _pages(texts)
    notes = tuple(Note(f"n{number}", next(pages), authority=Authority.PROVIDER) for number in range(1, NOTES + 1))
    services = (ServiceLine("http://www.ama-assn.org/go/cpt", "99214", "Procedure/1", ()),)
    patient = Patient("p1", date(1968, 3, 2), "female")
    return Encounter("e1", notes, patient, date(2026, 5, 4), services=services, is_claimed=True)


def _pages(texts: list[str]) -> Iterator[str]:
    page = ""
    for text in texts:
        page += ("\n\n" if page else "") + text
        if len(page) >= NOTE_SIZE:
            yield page[:NOTE_SIZE]
            page = ""


def _print_searches(coder: Coder) -> None:
    """Every beginning of some queries, as they are typed, from the second character on."""
    release = coder.catalogue.newest
    search = CodeSearch(coder.index_for)
    print(line_of("words of the release gathered", [seconds_of(lambda: search.prepare(release))]))
    typed = [query[:end] for query in _TYPED for end in range(2, len(query) + 1)]
    for query in typed:
        search.search(query, release)
    print(line_of("search while typing", [seconds_of(lambda q=query: search.search(q, release)) for query in typed]))  # type: ignore[misc]
    print(line_of("the same, processor time", [cpu_seconds_of(lambda q=query: search.search(q, release)) for query in typed]))  # type: ignore[misc]


if __name__ == "__main__":
    sys.exit(main())
