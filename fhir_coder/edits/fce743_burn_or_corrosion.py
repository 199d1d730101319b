"""Burn or corrosion.

What it checks
        A corrosion explained by a source of heat alone, or a burn explained by a corrosive chemical alone.

Why it matters
        Burns are by heat, electricity or radiation, corrosions by chemicals; the codes differ, and the cause shows which one was meant.

Fires
        T22.611A with X10.2XXA; T54.3X1A with T26.11XA.

Passes
        T22.211A with X10.2XXA; T54.3X1A with T26.61XA; T54.3X1A, T22.611A, T22.212A and X08.8XXA (both happened); T23.261A alone.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.19.d; tabular list, code first notes at the corrosions of T20-T25
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.burns import ALL_SITES, is_corrosion
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-743"
NAME = "burn-or-corrosion"
SEVERITY = Severity.ADVISORY

_HEAT = parse_ranges("X00-X19, W85-W99")
_CORROSIVES = parse_ranges("T54")
_CHEMICALS = parse_ranges("T36-T65")


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, with the burns and what explains them."""
    burns = [code for code in case.known if ALL_SITES.cover(code)]
    if not burns:
        return
    heat = [code for code in case.known if covered(code, _HEAT)]
    corrosives = [code for code in case.known if covered(code, _CORROSIVES)]
    if corrosives and not heat and not any(map(is_corrosion, burns)):
        detail = f"{', '.join(burns)} says burn by heat, and {corrosives[0]} is a corrosive; code the corrosion of the site."
        yield Fault((*burns, *corrosives), detail)
    if heat and all(map(is_corrosion, burns)) and not any(covered(code, _CHEMICALS) for code in case.known):
        detail = f"{', '.join(burns)} says corrosion by a chemical, and {heat[0]} is a source of heat; code the burn of the site."
        yield Fault((*burns, *heat), detail)
