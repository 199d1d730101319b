"""Remission beside active.

What it checks
    A substance use disorder in remission beside an active one of the same substance (for nicotine: of the same product).

Why it matters
    Remission is the provider's judgment, and a disorder is in remission or it is not.

Fires
    F10.21 and F10.20; F11.11 and F11.23; F17.211 and F17.210.

Passes
    F10.21 and F11.20 (two substances); F17.211 and F17.220 (two products); F10.10 and F10.20 (Excludes1, FCE-201).

Source
    ICD-10-CM Official Guidelines FY2026, I.C.5.b.1
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.pairs import are_parted
from fhir_coder.model import Severity

ID = "FCE-786"
NAME = "remission-beside-active"
SEVERITY = Severity.ADVISORY

_REMISSION = "in remission"
_NICOTINE, _PRODUCT = "F17.2", len("F17.21")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each code of remission that an active one contradicts."""
    disorders = [code for code in case.known if "F10" <= code < "F20"]
    for code in disorders:
        active = [other for other in disorders if _contradicts(case, code, other)]
        if _REMISSION in case.titles[code] and active:
            detail = f"{code} says remission and {active[0]} says that the disorder is active; ask the provider which holds."
            yield Fault((code, active[0]), detail)


def _contradicts(case: EditCase, code: str, other: str) -> bool:
    length = _PRODUCT if code.startswith(_NICOTINE) else 3
    return code[:length] == other[:length] and _REMISSION not in case.titles[other] and not are_parted(case, code, other)
