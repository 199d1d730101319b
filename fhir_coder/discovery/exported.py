"""Which encounters the files of an export tell of: those that stand in it, and those that a document in it names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from fhir_coder.bulk.line_facts import LONGEST_LINE, BadLine, read_facts
from fhir_coder.discovery.watched import Found
from fhir_coder.ehr.encounter_search import first_day, last_day
from fhir_coder.ehr.encounter_version import hash_of
from fhir_coder.exchange import Resource
from fhir_coder.fhir_id import is_addressable


@dataclass(frozen=True, slots=True)
class ExportedEncounter:
    """An Encounter of an export and its first and last day, None where it does not tell."""

    found: Found
    first: date | None
    last: date | None


@dataclass(slots=True)
class Exported:
    """``encounters`` by id, ``documented`` the ids that documents name; ``bad`` lines could not be read."""

    encounters: dict[str, ExportedEncounter] = field(default_factory=dict)
    documented: set[str] = field(default_factory=set)
    bad: int = 0


def read_exported(files: Iterable[Path]) -> Exported:
    """Read line by line: an export may be larger than memory, what is kept of it is not."""
    exported = Exported()
    for path in files:
        for line in _lines(path):
            try:
                _read(line, exported)
            except BadLine:
                exported.bad += 1
    return exported


def _read(line: bytes, exported: Exported) -> None:
    """Raises BadLine."""
    facts = read_facts(line)
    if facts is None or not is_addressable(facts.id):
        return
    if facts.type == "Encounter":
        exported.encounters[facts.id] = _encounter(facts.id, json.loads(line))
    elif facts.type == "DocumentReference":
        named = (one.removeprefix("Encounter/") for one in facts.parts_of if one.startswith("Encounter/"))
        exported.documented |= set(filter(is_addressable, named))


def _encounter(name: str, encounter: Resource) -> ExportedEncounter:
    """Raises BadLine: no strict reader has seen an export."""
    try:
        return ExportedEncounter(Found(name, hash_of(encounter)), first_day(encounter), last_day(encounter))
    except (AttributeError, TypeError):
        raise BadLine("Encounter with a period of another type than FHIR R4 has there") from None


def _lines(path: Path) -> Iterator[bytes]:
    """The lines that are not blank; one that is too long comes in pieces, none of which can be read."""
    with path.open("rb") as stream:
        while line := stream.readline(LONGEST_LINE):
            if line.strip():
                yield line
