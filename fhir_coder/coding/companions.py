"""Codes that go with a condition whenever they are documented (insulin with diabetes, body mass index with obesity), as data."""

from __future__ import annotations

import csv
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from terminology.knowledge import knowledge_of
from terminology.references import CodeReference, parse_references


@dataclass(frozen=True, slots=True)
class Companion:
    """Codes under ``code`` are reported when an assigned code is covered by ``beside``, and those that are ``never_alone`` only then;
    ``source`` is the guideline or note."""

    code: tuple[CodeReference, ...]
    beside: tuple[CodeReference, ...]
    never_alone: bool
    source: str


@cache
def companions() -> tuple[Companion, ...]:
    """All rules of ``companions.tsv``."""
    lines = knowledge_of("fhir_coder.coding").joinpath("companions.tsv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader((line for line in lines if line and not line.startswith("#")), delimiter="\t")
    return tuple(
        Companion(parse_references(f"({row['code']})"), parse_references(f"({row['beside']})"), row["alone"] == "never", row["source"])
        for row in rows
    )


def companion_source(code: str, assigned: Collection[str]) -> str:
    """The guideline by which ``code`` goes with one of the ``assigned`` codes, or empty."""
    rules = (rule for rule in companions() if _covers(rule.code, code))
    return next((rule.source for rule in rules if any(_covers(rule.beside, other) for other in assigned)), "")


def is_left_alone(code: str, assigned: Collection[str]) -> bool:
    """Whether ``code`` is one that is never reported without its condition, and none of the ``assigned`` codes is that."""
    is_bound = any(rule.never_alone for rule in companions() if _covers(rule.code, code))
    return is_bound and not companion_source(code, assigned)


def _covers(references: tuple[CodeReference, ...], code: str) -> bool:
    return any(reference.covers(code) for reference in references)
