"""The ages at which diagnoses are plausible, as ``age_limits.tsv`` lists them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from fhir_coder.code_ranges import parse_ranges
from fhir_coder.edits.tables import read_table
from terminology.references import CodeReference


@dataclass(frozen=True, slots=True)
class Age:
    """An age as the table writes it: a number of days ("28d") or of completed years ("17y")."""

    number: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Age:
        """Read ``28d`` or ``17y``; raises ValueError otherwise."""
        if text[-1:] not in {"d", "y"}:
            raise ValueError(f"not an age: {text}")
        return cls(int(text[:-1]), text[-1])

    def of(self, days: int, years: int) -> int:
        """The patient's age in this unit."""
        return days if self.unit == "d" else years

    def __str__(self) -> str:
        return f"{self.number} {'days' if self.unit == 'd' else 'years'}"


@dataclass(frozen=True, slots=True)
class AgeLimit:
    """One row: a group of codes and the first and last age (inclusive) at which they are plausible."""

    group: str
    codes: tuple[CodeReference, ...]
    first: Age
    last: Age
    source: str

    def admits(self, days: int, years: int) -> bool:
        """Whether a patient of this age (in days and in completed years) is within the limits."""
        return self.first.number <= self.first.of(days, years) and self.last.of(days, years) <= self.last.number


@cache
def age_limits() -> tuple[AgeLimit, ...]:
    """Every row of the table."""
    return tuple(
        AgeLimit(row["group"], parse_ranges(row["codes"]), Age.parse(row["from"]), Age.parse(row["to"]), row["source"])
        for row in read_table("age_limits.tsv")
    )
