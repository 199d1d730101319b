"""A body mass index written as a number, as the status code of its band.

Z68 gives one code for each unit from 20 to 39 and for wider bands outside (adult codes, 20 years and older; tabular note at Z68). It is
reported only beside an associated diagnosis such as obesity (Official Guidelines I.B.14), which the coding stage sees to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BMI = re.compile(
    r"\b(?:BMI|body mass index)\b\s*(?:\(?kg/m2\)?)?\s*(?:today|now|is|was|of|at|:|=|~)*\s*\(?(\d{2})(?:\.\d{1,2})?\b(?!\s*(?:%|percentile|th\b|rd\b|st\b|nd\b))",
    re.IGNORECASE,
)
_BANDS = ((20, "Z68.1"), (40, ""), (45, "Z68.41"), (50, "Z68.42"), (60, "Z68.43"), (70, "Z68.44"))
_HIGHEST = "Z68.45"


@dataclass(frozen=True, slots=True)
class MeasuredTerm:
    """A measured value as a term: the shape that the reader of mentions expects of dictionary terms."""

    start: int
    end: int
    codes: tuple[str, ...]
    source: str = "measure:body-mass-index"
    section_only: str = ""
    sex: str = ""
    age: str = "age>=20"


def find_body_mass(text: str) -> Iterator[MeasuredTerm]:
    """Every body mass index of the text with its code."""
    for found in _BMI.finditer(text):
        yield MeasuredTerm(found.start(), found.end(), (body_mass_code(int(found.group(1))),))


def body_mass_code(units: int) -> str:
    """The code for a body mass index of so many whole kg/m2 (the decimals never change the band)."""
    code = next((code for limit, code in _BANDS if units < limit), _HIGHEST)
    return code or f"Z68.{units}"
