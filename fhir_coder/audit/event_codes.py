"""Which codes an AuditEvent gets for our word of what happened: the table ``events.tsv``, in which each line names its source."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

Coding = dict[str, Any]

OUR_WORDS = "https://fhir-coder.github.io/fhir/CodeSystem/audit-event"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_SYSTEMS = {
    "rest": "http://terminology.hl7.org/CodeSystem/audit-event-type",
    "interaction": "http://hl7.org/fhir/restful-interaction",
    "dcm": DICOM,
}
_OTHER = "code-encounter"
"""A word that the table lacks is coded as this one, an operation: an event with a poor code is better than none."""


@dataclass(frozen=True, slots=True)
class EventCode:
    """``type`` and ``subtype`` of an AuditEvent; ``meaning`` is for people."""

    meaning: str
    type: Coding
    subtypes: tuple[Coding, ...]


@cache
def event_codes() -> Mapping[str, EventCode]:
    """Every word of the table."""
    lines = files(__package__).joinpath("events.tsv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader((line for line in lines if line and not line.startswith("#")), delimiter="\t")
    return {row["word"]: _code(row) for row in rows}


def code_of(word: str) -> EventCode:
    """The codes of a word; our own code for it always stands among the subtypes."""
    known = event_codes().get(word) or event_codes()[_OTHER]
    return EventCode(known.meaning, known.type, (*known.subtypes, {"system": OUR_WORDS, "code": word}))


def _code(row: Mapping[str, str]) -> EventCode:
    subtypes = (_coding(row, "subtype"),) if row["subtype"] else ()
    return EventCode(row["meaning"], _coding(row, "type"), subtypes)


def _coding(row: Mapping[str, str], name: str) -> Coding:
    return {"system": _SYSTEMS[row[f"{name}_system"]], "code": row[name], "display": row[f"{name}_display"]}
