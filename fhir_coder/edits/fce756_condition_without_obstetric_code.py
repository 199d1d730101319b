"""Condition without obstetric code.

What it checks
        A condition that chapter 15 has a code for in pregnancy (coding/pregnancy.tsv), on the claim of a pregnant patient without that code.

Why it matters
        Unless the provider says that the pregnancy is incidental, a condition of a pregnant patient complicates the pregnancy and is coded as such.

Fires
        O09.522, F41.1 (no O99.34-); Z34.02, N39.0.

Passes
        O99.342, F41.1; any condition beside Z33.1; a patient whose pregnancy is over; hypertension beside O10; back pain beside O26.89-.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.15.a.1
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache

from fhir_coder.code_ranges import CodeRanges, covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.obstetrics import is_obstetric
from fhir_coder.model import Severity
from terminology.codebook import Codebook
from terminology.knowledge import table_rows

ID = "FCE-756"
NAME = "condition-without-obstetric-code"
SEVERITY = Severity.ADVISORY

_PREGNANT = parse_ranges("O09-O48, O60, Z3A, Z34")
_INSTEAD = {"O99.89": ("O26.89",)}
"""Families that say as well that the condition complicates the pregnancy: "other specified" of two categories."""
_INCIDENTAL_OR_OVER = parse_ranges("Z33.1, Z33.2, O00-O08, O80-O92, Z37, Z38, Z39")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each missing group of obstetric codes, with the conditions that call for it."""
    if not any(covered(code, _PREGNANT) for code in case.known) or any(covered(code, _INCIDENTAL_OR_OVER) for code in case.known):
        return
    missing: dict[str, list[str]] = {}
    for code in case.known:
        obstetric = "" if is_obstetric(code) else _obstetric_code(code)
        if obstetric in case.codebook:
            family = _family(case.codebook, obstetric)
            if not any(known.startswith((family, *_INSTEAD.get(family, ()))) for known in case.known):
                missing.setdefault(family, []).append(code)
    for family, codes in missing.items():
        detail = (
            f"In pregnancy {', '.join(codes)} is coded with {family}- first; add it, or code Z33.1 instead of the pregnancy's codes where the "
            "provider states that the pregnancy is incidental."
        )
        yield Fault(tuple(codes), detail)


@lru_cache(maxsize=256)
def _family(codebook: Codebook, code: str) -> str:
    """The nearest heading over an obstetric code that holds the condition at every time (pregnancy, childbirth, puerperium), or its category."""
    for above in codebook.ancestors(code):
        if any("puerperium" in codebook.title(one) for one in codebook.billable_under(above)):
            return above
    return codebook.category(code)


def _obstetric_code(code: str) -> str:
    """The code of chapter 15 that the condition calls for, or empty where that chapter does not name it."""
    return next((becomes for codes, becomes in _rows() if covered(code, codes)), "")


@cache
def _rows() -> tuple[tuple[CodeRanges, str], ...]:
    return tuple((parse_ranges(row["codes"]), row["becomes"]) for row in table_rows("fhir_coder.coding", "pregnancy.tsv"))
