"""The encounter as JSON, with and without the texts of its notes: what a coding started from, to be stored or handed to another process.

Every field of the dataclasses of :mod:`fhir_coder.model` travels, also those that are added to them later; a field that an older version did
not write gets its default.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

from pydantic import TypeAdapter, ValidationError

from fhir_coder.model import Encounter, RecordedDiagnosis

_ENCOUNTER = TypeAdapter(Encounter)
_RECORDED = TypeAdapter(tuple[RecordedDiagnosis, ...])


class FactsUnreadable(ValueError):
    """The JSON is not an encounter as this version knows it; the message never quotes it."""


def write_encounter(encounter: Encounter) -> str:
    """The encounter with its notes' texts."""
    return _ENCOUNTER.dump_json(encounter).decode()


def write_facts(encounter: Encounter) -> str:
    """The encounter without its notes' texts."""
    return write_encounter(replace(encounter, notes=tuple(replace(note, text="") for note in encounter.notes)))


def read_encounter(text: str) -> Encounter:
    """What :func:`write_encounter` or :func:`write_facts` wrote. Raises FactsUnreadable."""
    try:
        return _ENCOUNTER.validate_json(text)
    except ValidationError as error:
        places = sorted({".".join(str(part) for part in one["loc"]) for one in error.errors()})
        raise FactsUnreadable(f"the stored facts of the encounter do not fit this version: {', '.join(places[:5])}") from None


def recorded_rows(encounter: Encounter) -> list[Any]:
    """The diagnoses that the EHR held already, as plain JSON: codes and references."""
    return _RECORDED.dump_python(encounter.recorded, mode="json")


def read_recorded(rows: list[Any]) -> tuple[RecordedDiagnosis, ...]:
    """What :func:`recorded_rows` made."""
    return _RECORDED.validate_python(rows)


def facts_hash(encounter: Encounter) -> str:
    """The sha256 (hex) of what bears on the codes beside the notes.

    Diagnoses that the EHR holds already are left out: our own write-back adds to them, so they are recorded by themselves. Fields at their
    default are left out too, so that one that a later version adds does not change the hash.
    """
    return sha256(_ENCOUNTER.dump_json(replace(encounter, notes=(), recorded=()), exclude_defaults=True)).hexdigest()
