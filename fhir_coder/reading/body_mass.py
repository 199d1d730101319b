"""A body mass index written as a number or, in the young, as a percentile, as the status code of its band.

Z68 gives one code for each unit from 20 to 39 and for wider bands outside (adult codes, 20 years and older; tabular note at Z68); Z68.5 has the
bands of percentiles for age, those above the 95th by how far above it the index lies or by the class of obesity (E66.81- of the young). It is
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
_PERCENTILE = re.compile(
    r"\bBMI\b(?P<between>(?:[^.;\n]|\.(?=\d)){0,45}?)(?<![\d./-])(?P<value>\d{1,2}(?:\.\d+)?)\s?"
    r"(?:(?:st|nd|rd|th)?[\s-]*(?:percentiles?\b|%-?t?ile\b|p?ctile\b|centile\b)|%(?=[,)]))",
    re.IGNORECASE,
)
_ABOVE_95TH = re.compile(
    r"\bBMI\b(?:[^.;\n]|\.(?=\d)){0,60}?(?<![\d.])(?P<value>\d{2,3})(?:\.\d+)?\s?% of (?:the )?95(?:th)?\b(?:\s?%-?ile| percentile)?",
    re.IGNORECASE,
)
_OTHER_MEASURE = re.compile(r"\b(?:BP|blood pressure|height|weight|ht|wt|length|HC|head)\b", re.IGNORECASE)
_PERCENTILE_BANDS = ((5, "Z68.51"), (85, "Z68.52"), (95, "Z68.53"), (101, "Z68.54"))
_ABOVE_95TH_BANDS = ((120, "Z68.54"), (140, "Z68.55"), (1000, "Z68.56"))
_OF_THE_YOUNG = "age>=2 age<20"
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
    """Every body mass index of the text with its code; of one that is told by its percentile too, the age of the patient decides."""
    for found in _BMI.finditer(text):
        yield MeasuredTerm(found.start(), found.end(), (body_mass_code(int(found.group(1))),))
    above = [found.start() for found in _ABOVE_95TH.finditer(text)]
    for found in _ABOVE_95TH.finditer(text):
        yield _of_the_young(found, _ABOVE_95TH_BANDS)
    for found in _PERCENTILE.finditer(text):
        if found.start() not in above and not _OTHER_MEASURE.search(found.group("between")):
            yield _of_the_young(found, _PERCENTILE_BANDS)


def _of_the_young(found: re.Match[str], bands: tuple[tuple[int, str], ...]) -> MeasuredTerm:
    code = next(code for limit, code in bands if float(found.group("value")) < limit)
    return MeasuredTerm(found.start(), found.end(), (code,), age=_OF_THE_YOUNG)


def body_mass_code(units: int) -> str:
    """The code for a body mass index of so many whole kg/m2 (the decimals never change the band)."""
    code = next((code for limit, code in _BANDS if units < limit), _HIGHEST)
    return code or f"Z68.{units}"
