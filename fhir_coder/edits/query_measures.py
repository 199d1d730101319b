"""Measured values of the notes that bear on an answer: filtration rate, ejection fraction, PHQ-9, body mass index (query_measures.tsv)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from fhir_coder.edits.query_indicators import Statements
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Evidence


@dataclass(frozen=True, slots=True)
class Measure:
    """How notes write one measure, and the values (inclusive) that it can have."""

    pattern: re.Pattern[str]
    low: float
    high: float


def measured(said: Statements, name: str) -> Iterator[tuple[Evidence, float]]:
    """Every value of a measure in the notes with its quotation; a value that nobody can have is left alone."""
    measure = _measures()[name]
    for quoted, found in said.matches(measure.pattern):
        value = float(found.group(1))
        if measure.low <= value <= measure.high:
            yield quoted, value


@cache
def _measures() -> dict[str, Measure]:
    return {
        row["measure"]: Measure(re.compile(row["pattern"], re.IGNORECASE), float(row["low"]), float(row["high"]))
        for row in read_table("query_measures.tsv")
    }
