"""What codes tell of a pregnancy: its weeks, its trimester, and whether it goes on (tabular list, chapter 15 and Z3A)."""

from __future__ import annotations

import re
from functools import lru_cache

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase

CHAPTER = 15
WEEKS = "Z3A"
_NOT_SPECIFIED = 0
_TRIMESTER = re.compile(r"\b(first|second|third) trimester")
_OBSTETRIC = parse_ranges("O00-O9A")
# The code first note at Z3A with labor, and the Z codes that tell of a pregnancy under way or a birth on this day.
_WITH_WEEKS = parse_ranges("O09-O77, O80-O82, O88, O91-O92, O94-O9A, Z03.7, Z32.01, Z33.1, Z33.3, Z34, Z36, Z37")
_OF_PUERPERIUM = ("puerperium", "postpartum", "puerperal")
_LABOR = parse_ranges("O60-O77")


def is_obstetric(code: str) -> bool:
    """Whether the code stands in chapter 15."""
    return covered(code, _OBSTETRIC)


def takes_weeks(code: str, title: str) -> bool:
    """Whether the code tells of a pregnancy that goes on or ends in birth on this day, to which weeks of gestation are added (guideline I.C.21.c.11)."""
    if not covered(code, _WITH_WEEKS):
        return False
    return covered(code, _LABOR) or not any(word in title.lower() for word in _OF_PUERPERIUM)


@lru_cache(maxsize=2048)
def trimesters(title: str) -> frozenset[str]:
    """The trimesters that a title names ("first", "second", "third"): two where labor began in one and delivery fell in the next, none in most."""
    return frozenset(_TRIMESTER.findall(title))


def weeks_coded(case: EditCase) -> dict[str, int]:
    """The completed weeks that each known code of Z3A tells; a code for weeks not specified is left out."""
    weeks = {code: int(code[4:]) for code in case.known if code.startswith(WEEKS) and code[4:].isdigit()}
    return {code: number for code, number in weeks.items() if number != _NOT_SPECIFIED}
