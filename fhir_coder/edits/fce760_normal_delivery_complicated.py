"""Normal delivery complicated.

What it checks
        O80 (uncomplicated delivery at full term) beside another code of chapter 15, or beside an outcome other than Z37.0.

Why it matters
        O80 says that nothing complicated pregnancy, labor and delivery, and that one child was born alive; the other code says otherwise.

Fires
        O80, O70.0, Z37.0; O80, Z37.2.

Passes
        O80, Z37.0; O80, Z37.0, Z3A.39; O80 with asthma that complicates nothing; O70.0, Z37.0.

Source
        Tabular list, inclusion term at O80; ICD-10-CM Official Guidelines FY2026, I.C.15.n
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.obstetrics import is_obstetric
from fhir_coder.model import Severity

ID = "FCE-760"
NAME = "normal-delivery-complicated"
SEVERITY = Severity.BLOCKING

_NORMAL, _OUTCOME, _ONE_LIVEBORN = "O80", "Z37", "Z37.0"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for the other obstetric codes and one for each other outcome."""
    if _NORMAL not in case.known:
        return
    if others := [code for code in case.known if is_obstetric(code) and code != _NORMAL]:
        yield Fault((_NORMAL, *others), f"O80 cannot stand with {', '.join(others)}; if that holds for this delivery, remove O80.")
    for code in case.known:
        if code.startswith(_OUTCOME) and code != _ONE_LIVEBORN:
            yield Fault((_NORMAL, code), f"O80 goes with the outcome Z37.0 only, not with {code}; code the delivery as what it was.")
