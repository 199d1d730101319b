"""Look-up in the two tables of eligibility: what a code says of a visit or of a practitioner.

They decide nothing that is coded and are no knowledge that a replay needs (see :mod:`terminology.knowledge`).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fhir_coder.exchange import Resource
from fhir_coder.risk.verdict import Answer
from fhir_coder.vocabulary import CPT

VISIT_TYPES, SPECIALTIES = "visit_types.tsv", "specialties.tsv"

_SYSTEMS = {
    "http://terminology.hl7.org/CodeSystem/v3-ActCode": "v3-ActCode",
    "http://terminology.hl7.org/CodeSystem/v2-0004": "v2-0004",
    "http://snomed.info/sct": "snomed",
    CPT: "cpt",
    "urn:oid:2.16.840.1.113883.6.12": "cpt",
    "http://nucc.org/provider-taxonomy": "nucc",
    "urn:oid:2.16.840.1.113883.6.101": "nucc",
    "http://terminology.hl7.org/CodeSystem/v2-0360": "v2-0360",
    "http://terminology.hl7.org/CodeSystem/v2-2.7-0360": "v2-0360",
}
_BY_BEGINNING = "nucc"
"""A taxonomy code stands for all below it; the longest beginning that is listed decides (https://nucc.org)."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code says, and in words of ours what it stands for."""

    answer: Answer
    means: str


def meaning_of(table: str, coding: Resource, default_system: str = "") -> Meaning | None:
    """The row of a Coding, or None when the table has none."""
    system = _SYSTEMS.get(coding.get("system", default_system), "")
    code, rows = str(coding.get("code", "")), _table(table)
    lengths = range(len(code), 0, -1) if system == _BY_BEGINNING else [len(code)]
    return next((rows[system, code[:length]] for length in lengths if (system, code[:length]) in rows), None)


@cache
def _table(name: str) -> dict[tuple[str, str], Meaning]:
    lines = files("fhir_coder.risk").joinpath(name).read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader((line for line in lines if line and not line.startswith("#")), delimiter="\t")
    return {(row["system"], row["code"]): Meaning(Answer(row["counts"]), row["means"]) for row in rows}
