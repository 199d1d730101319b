"""Burn extent.

What it checks
        A code for the extent of burns (T31) or corrosions (T32) that does not fit the burns of its kind beside it: it stands before their
    sites, they are all sequelae, they are all of the other kind, or it counts third degree where no site has it.

Why it matters
        The extent is first only when no site is known, belongs to a burn still under care, and is read as a measure of how severe it is.

Fires
        T31.0 before T22.211A; T32.0 with T22.211A alone; T31.11 with T21.21XA alone; L90.5, T23.261S and T31.0.

Passes
        T22.211A before T31.0; T31.10 alone; T24.311A and T31.11.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.19.d.6; tabular list, notes at T31 and T32
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.burns import ALL_SITES, SITES, degree, is_corrosion
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.phases import SEQUELA, phase
from fhir_coder.model import Severity

ID = "FCE-742"
NAME = "burn-extent"
SEVERITY = Severity.ADVISORY
IS_ABOUT_ORDER = True

_EXTENT = parse_ranges("T31, T32")
_THIRD = 3
_TENTHS_OF_THIRD_DEGREE = 5
"""Place of the character that counts the tenths of the body surface with third degree burns ("T31.21")."""


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with the burns that it does not fit."""
    burns = tuple(code for code in case.known if ALL_SITES.cover(code))
    for code in case.known:
        if burns and covered(code, _EXTENT) and (wrong := _what_is_wrong(case.known, code, burns)):
            yield Fault((code, *burns), f"{code} {wrong}.")


def _what_is_wrong(codes: Sequence[str], code: str, burns: Sequence[str]) -> str:
    own = [one for one in burns if is_corrosion(one) == is_corrosion(code)]
    if not own:
        return "is of the other kind than the burns beside it (T31 burns by heat, T32 corrosions by chemicals); take the other category"
    current = [one for one in own if phase(one) != SEQUELA]
    if not current:
        return "tells the extent of burns that are only coded as sequelae; remove it"
    sites = [one for one in current if SITES.cover(one)]
    if any(codes.index(code) < codes.index(one) for one in sites):
        return "supplements the burns whose site is known; put it behind them"
    if code[_TENTHS_OF_THIRD_DEGREE:] not in {"", "0"} and sites == current and not any(degree(one) in {0, _THIRD} for one in sites):
        return "counts third degree burns, and no site is coded with one; check the degree or the extent"
    return ""
