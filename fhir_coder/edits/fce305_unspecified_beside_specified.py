"""Unspecified beside specified.

What it checks
        An unspecified code beside a specified code of the same condition, unless they name opposite sides. The nearest heading whose title
    does not say "unspecified" bounds the condition (unspecified_answers.tsv: where that gathers several).

Why it matters
        The specified code answers what the unspecified one leaves open; both together contradict each other or pad the claim.

Fires
        J45.909 beside J45.40; M25.569 beside M25.561; S93.409A beside S93.401A.

Passes
        J45.909 beside J44.9 (another category); S61.001A beside S61.210A (other injuries); E10.319 beside E10.42, G47.00 beside G47.33,
        M54.50 beside M54.16 (other conditions of one category).

Source
        ICD-10-CM Official Guidelines FY2026, I.B.2 and I.B.18
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from fhir_coder.code_ranges import CodeRanges, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.sides import coded_sides, own_side
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Severity
from terminology.detail import scope
from terminology.laterality import side

ID = "FCE-305"
NAME = "unspecified-beside-specified"
SEVERITY = Severity.ADVISORY

_INJURIES = frozenset({19, 20})
_NO_OTHER_FETUS = "not applicable or unspecified"
"""What the seventh character 0 of chapter 15 says of the fetus; the code itself may be as specified as can be."""


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each unspecified code, with the specified ones beside it."""
    open_codes = [code for code in case.known if _is_unspecified(case.titles[code])]
    for code in open_codes:
        sided = _sided_siblings(case, code)
        specified = tuple(
            other for other in case.known if other in sided or (other not in open_codes and _is_same_condition(case, code, other))
        )
        if specified:
            yield Fault(
                (code, *specified), f"{code} is unspecified beside {', '.join(specified)}; remove it unless it is another condition."
            )


def _is_unspecified(title: str) -> bool:
    return "unspecified" in title.lower().replace(_NO_OTHER_FETUS, "")


def _sided_siblings(case: EditCase, code: str) -> frozenset[str]:
    """Where the code leaves the side open, the codes beside it that name one."""
    return frozenset(coded_sides(case, code).values()) - {code} if own_side(case, code) == "unspecified" else frozenset()


def _is_same_condition(case: EditCase, code: str, other: str) -> bool:
    if case.codebook.is_header(other) or {side(case.titles[code]), side(case.titles[other])} == {"right", "left"}:
        return False
    if case.codebook.chapter(code).number in _INJURIES:
        return case.codebook.parent(case.codebook.stem(code)) == case.codebook.parent(case.codebook.stem(other)) is not None
    told = next((specified for codes, specified in _answers() if codes.cover(code)), None)
    return scope(case.codebook, code) in case.codebook.ancestors(other) if told is None else told.cover(other)


@cache
def _answers() -> tuple[tuple[CodeRanges, CodeRanges], ...]:
    return tuple((parse_ranges(row["codes"]), parse_ranges(row["specified"])) for row in read_table("unspecified_answers.tsv"))
