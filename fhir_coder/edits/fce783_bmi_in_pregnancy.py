"""Bmi in pregnancy.

What it checks
    A body mass index code beside a code that says that the patient is pregnant: weeks of gestation, prenatal care, or a trimester.

Why it matters
    The weight of a pregnancy is not the patient's; the index is not reported, O99.21- or O26.0- tells what there is to tell.

Fires
    O99.212, E66.9 and Z68.35; Z34.82 and Z68.22.

Passes
    O99.215 and Z68.35 (after the birth); E66.9 and Z68.35.

Source
    ICD-10-CM Official Guidelines FY2026, I.C.21.c.3 (body mass index)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from fhir_coder.code_ranges import parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-783"
NAME = "bmi-in-pregnancy"
SEVERITY = Severity.BLOCKING
HOLDS_FROM = date(2018, 10, 1)
"""The edition of fiscal year 2019; dates before it are left alone."""

_INDEX = parse_ranges("Z68")
_PREGNANT = parse_ranges("Z33.1, Z34, Z3A")
_TRIMESTER = re.compile(r"\b(?:first|second|third|unspecified) trimester\b")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each body mass index of a pregnant patient."""
    indexes = [code for code in case.known if _INDEX.cover(code)]
    pregnancy = next((code for code in sorted(case.known) if _says_pregnant(case, code)), "") if indexes else ""
    for code in indexes if pregnancy else ():
        yield Fault((code, pregnancy), f"{code} is not coded during pregnancy, which {pregnancy} tells; remove it.")


def _says_pregnant(case: EditCase, code: str) -> bool:
    return _PREGNANT.cover(code) or (code[0] == "O" and bool(_TRIMESTER.search(case.titles[code])))
