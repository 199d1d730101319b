"""Scores and levels written as numbers, as the status codes of their bands: stroke scale, coma scale, blood alcohol.

Sources: tabular list R29.7- (NIHSS score), R40.24- (Glasgow coma scale, total score) and Y90.- (blood alcohol level in mg/100 ml). Whether
they are reported, and whose words they may rest on, the coding stage sees to (Official Guidelines I.B.14, I.C.18.e and I.C.18.i).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from fhir_coder.reading.body_mass import MeasuredTerm

_IS = r"\s*(?:\(?total\)?\s*)?(?:score|level|concentration)?\s*(?:today|now|is|was|of|at|:|=|~)*\s*"
_STROKE = re.compile(
    rf"\b(?:NIHSS|NIH stroke scale|National Institutes of Health Stroke Scale(?: \(NIHSS\))?){_IS}(\d{{1,2}})\b", re.IGNORECASE
)
_COMA = re.compile(rf"\b(?:GCS|Glasgow coma scale(?: \(GCS\))?){_IS}(\d{{1,2}})\b(?!\s*[-–+]\s*\d)", re.IGNORECASE)
_ALCOHOL = re.compile(
    rf"\b(?:BAC|blood alcohol|serum (?:alcohol|ethanol)|(?:alcohol|ethanol|etoh)(?= level)){_IS}(\d{{1,3}}(?:\.\d{{1,3}})?|\.\d{{1,3}})\s*"
    r"(mg\s?/\s?(?:dl|100\s?ml)|g\s?/\s?(?:dl|100\s?ml)|%)",
    re.IGNORECASE,
)
_COMA_BANDS = ((9, "R40.243"), (13, "R40.242"), (16, "R40.241"))
_ALCOHOL_BANDS = ((20, "0"), (40, "1"), (60, "2"), (80, "3"), (100, "4"), (120, "5"), (200, "6"), (240, "7"))
_WORST_STROKE, _LEAST_COMA, _MOST_ALCOHOL = 42, 3, 1500


def find_scores(text: str) -> Iterator[MeasuredTerm]:
    """Every such score of the text with its code; a number that the scale does not have is left alone."""
    for name, pattern, code_of in _SCALES:
        for found in pattern.finditer(text):
            code = code_of(found)
            if code:
                yield MeasuredTerm(found.start(), found.end(), (code,), source=f"measure:{name}", age="")


def stroke_code(score: int) -> str:
    """R29.700 to R29.742, one code for each score."""
    return f"R29.7{score:02d}" if score <= _WORST_STROKE else ""


def coma_code(score: int) -> str:
    """The stem for a total score of 3 to 15; its seventh character says when it was taken."""
    return next((code for limit, code in _COMA_BANDS if score < limit), "") if score >= _LEAST_COMA else ""


def alcohol_code(milligrams: float) -> str:
    """The code for so many mg of alcohol in 100 ml of blood."""
    return "Y90." + next((band for limit, band in _ALCOHOL_BANDS if milligrams < limit), "8")


def _alcohol(found: re.Match[str]) -> str:
    """mg/dl are mg in 100 ml; a percentage and g/dl are a thousandfold. What nobody survives is a slip of the unit and left alone."""
    amount, unit = float(found.group(1)), found.group(2).lower()
    milligrams = amount if unit.startswith("mg") else amount * 1000
    return alcohol_code(milligrams) if milligrams <= _MOST_ALCOHOL else ""


_SCALES: tuple[tuple[str, re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    ("stroke-scale", _STROKE, lambda found: stroke_code(int(found.group(1)))),
    ("coma-scale", _COMA, lambda found: coma_code(int(found.group(1)))),
    ("blood-alcohol", _ALCOHOL, _alcohol),
)
