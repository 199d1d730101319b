"""Combination codes: two conditions that the classification reports as one (guideline I.B.9), as data."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from terminology.knowledge import table_rows
from terminology.references import CodeReference, parse_references


@dataclass(frozen=True, slots=True)
class Combination:
    """``have`` becomes ``becomes`` when every group of ``beside`` covers another assigned code."""

    have: str
    beside: tuple[tuple[CodeReference, ...], ...]
    becomes: str
    source: str

    def applies(self, codes: Collection[str]) -> bool:
        """Whether the assigned ``codes`` call for this combination."""
        others = [code for code in codes if code != self.have]
        return self.have in codes and all(any(reference.covers(code) for reference in group for code in others) for group in self.beside)


@cache
def combinations() -> tuple[Combination, ...]:
    """All rules, in the order in which they are tried."""
    rows = table_rows("fhir_coder", "combinations.tsv")
    return tuple(
        Combination(row["have"], tuple(parse_references(f"({part})") for part in row["with"].split("+")), row["becomes"], row["source"])
        for row in rows
    )


def combination_for(code: str, codes: Collection[str]) -> Combination | None:
    """The first rule that replaces ``code`` among the assigned ``codes``, or None."""
    return next((rule for rule in combinations() if rule.have == code and rule.applies(codes)), None)


def is_combined_in(code: str, other: str) -> bool:
    """Whether the combination code ``other`` says what ``code`` says and more (I13.0 says what I10 says)."""
    return any(rule.have == code and rule.becomes == other for rule in combinations())
