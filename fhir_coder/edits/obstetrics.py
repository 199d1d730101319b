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


def is_obstetric(code: str) -> bool:
    """Whether the code stands in chapter 15."""
    return covered(code, _OBSTETRIC)


@lru_cache(maxsize=2048)
def trimesters(title: str) -> frozenset[str]:
    """The trimesters that a title names ("first", "second", "third"): two where labor began in one and delivery fell in the next, none in most."""
    return frozenset(_TRIMESTER.findall(title))


def weeks_coded(case: EditCase) -> dict[str, int]:
    """The completed weeks that each known code of Z3A tells; a code for weeks not specified is left out."""
    weeks = {code: int(code[4:]) for code in case.known if code.startswith(WEEKS) and code[4:].isdigit()}
    return {code: number for code, number in weeks.items() if number != _NOT_SPECIFIED}
