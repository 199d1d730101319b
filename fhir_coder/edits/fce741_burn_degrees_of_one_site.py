"""Burn degrees of one site.

What it checks
        Two burns, or two corrosions, of the same site and side with the same seventh character that differ by degree alone.

Why it matters
        One site takes one code, that of the highest degree; the other counts the same skin twice.

Fires
        T24.211A beside T24.311A; T23.162D beside T23.262D.

Passes
        T24.211A beside T24.312A (the other thigh); T22.211A beside T22.612A; two burns of "other site of trunk", which may be two places.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.19.d.2
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from fhir_coder.edits.burns import SITES, degree, place_of
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.phases import SEQUELA, phase
from fhir_coder.model import Severity

ID = "FCE-741"
NAME = "burn-degrees-of-one-site"
SEVERITY = Severity.BLOCKING

_VAGUE = ("unspecified", "other site", "multiple sites")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such pair."""
    burns = [code for code in case.known if SITES.cover(code) and phase(code) not in {"", SEQUELA} and _is_one_place(case, code)]
    for code, other in combinations(burns, 2):
        if place_of(code) == place_of(other) and code[-1] == other[-1]:
            worse = max(code, other, key=degree)
            yield Fault((code, other), f"{code} and {other} are burns of one site; keep {worse}, of the highest degree.")


def _is_one_place(case: EditCase, code: str) -> bool:
    """Whether the title names a site and side, so that two codes with it mean one place; an unspecified degree does no harm."""
    title = case.titles[code].lower().replace("unspecified degree", "")
    return not any(word in title for word in _VAGUE)
