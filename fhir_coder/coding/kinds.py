"""What kind of code it is, as features of the ranker: the kinds of ``kinds.tsv``, and symptoms that a diagnosis of their system may explain."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.symptoms import is_symptom as is_symptom
from terminology.knowledge import table_rows
from terminology.references import CodeReference


@cache
def _table(name: str, key: str, ranges: str) -> tuple[tuple[str, tuple[CodeReference, ...]], ...]:
    rows = table_rows("fhir_coder.coding", name)
    return tuple((row[key], parse_ranges(row[ranges])) for row in rows)


def kinds() -> tuple[tuple[str, tuple[CodeReference, ...]], ...]:
    """Each feature of ``kinds.tsv`` with the codes that have it."""
    return _table("kinds.tsv", "feature", "codes")


NAMES = tuple(name for name, _ in kinds())


@cache
def kind_features(code: str) -> dict[str, float]:
    """1 for each kind that the code is of, 0 for the others."""
    return {name: float(covered(code, ranges)) for name, ranges in kinds()}


def is_presence_or_absence(code: str) -> bool:
    """Whether it tells that something was put in, made or lost (I.C.21.c.3)."""
    return bool(kind_features(code)["is_presence_or_absence"])


def is_of_system(symptom: str, diagnoses: Collection[str]) -> bool:
    """Whether one of the diagnoses is of the body system to which the symptom belongs."""
    systems = [parse_ranges(known) for known, symptoms in _symptom_systems() if covered(symptom, symptoms)]
    return any(covered(one, system) for system in systems for one in diagnoses)


@cache
def _symptom_systems() -> tuple[tuple[str, tuple[CodeReference, ...]], ...]:
    return _table("symptom_systems.tsv", "diagnoses", "symptoms")
