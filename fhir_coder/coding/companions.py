"""Codes that go with a condition whenever they are documented (insulin with diabetes, body mass index with obesity), as data."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from fhir_coder.code_ranges import covered, parse_listed
from terminology.knowledge import table_rows
from terminology.references import CodeReference


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
    rows = table_rows("fhir_coder.coding", "companions.tsv")
    return tuple(Companion(parse_listed(row["code"]), parse_listed(row["beside"]), row["alone"] == "never", row["source"]) for row in rows)


def companion_source(code: str, assigned: Collection[str]) -> str:
    """The guideline by which ``code`` goes with one of the ``assigned`` codes, or empty."""
    rules = (rule for rule in companions() if covered(code, rule.code))
    return next((rule.source for rule in rules if any(covered(other, rule.beside) for other in assigned)), "")


def is_left_alone(code: str, assigned: Collection[str]) -> bool:
    """Whether ``code`` is one that is never reported without its condition, and none of the ``assigned`` codes is that."""
    is_bound = any(rule.never_alone for rule in companions() if covered(code, rule.code))
    return is_bound and not companion_source(code, assigned)
