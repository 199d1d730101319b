"""Uncomplicated contradicted.

What it checks
        A code whose title says "without complications" or "uncomplicated" beside another code of the same disease: diabetes of one type,
    asthma, bronchiectasis, one grade of use of one substance.

Why it matters
        The complication or the exacerbation that is coded makes the title of the other code untrue.

Fires
        E11.9 beside E11.65; J45.40 beside J45.41; F10.20 beside F10.230.

Passes
        E11.42 beside E11.65; F10.20 beside F12.10 (another substance); J45.909 beside J45.41, which FCE-305 finds.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.4.a, I.C.10.a.1 and I.C.5.b.2; titles of the tabular list
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-701"
NAME = "uncomplicated-contradicted"
SEVERITY = Severity.BLOCKING

_UNCOMPLICATED = re.compile(r"without complication|^(?!.*\bwith\b).*uncomplicated", re.IGNORECASE)
_OF_ONE_CATEGORY = parse_ranges("E08-E11, E13, J45, J47")
_OF_ONE_SUBCATEGORY = parse_ranges("F10-F19")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with the codes that contradict it."""
    for code in case.known:
        if not _is_uncomplicated(case, code):
            continue
        others = tuple(other for other in case.known if other != code and _contradicts(case, code, other))
        if others:
            detail = f"{code} is the code without complications, which does not stand beside {', '.join(others)}; remove {code}."
            yield Fault((code, *others), detail)


def _is_uncomplicated(case: EditCase, code: str) -> bool:
    """Withdrawal, uncomplicated, is itself a complication of the use."""
    return bool(_UNCOMPLICATED.search(case.titles[code]))


def _contradicts(case: EditCase, code: str, other: str) -> bool:
    if case.codebook.is_header(other) or _is_uncomplicated(case, other) or _is_found_elsewhere(case, code, other):
        return False
    if covered(code, _OF_ONE_CATEGORY):
        return case.codebook.category(code) == case.codebook.category(other)
    return covered(code, _OF_ONE_SUBCATEGORY) and code[: len("F10.2")] == other[: len("F10.2")]


def _is_found_elsewhere(case: EditCase, code: str, other: str) -> bool:
    """Unspecified beside specified is FCE-305."""
    return "unspecified" in case.titles[code].lower() and "unspecified" not in case.titles[other].lower()
