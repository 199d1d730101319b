"""Hypertension understated.

What it checks
        A code of hypertension beside heart failure, heart disease or chronic kidney disease that the code does not include.

Why it matters
        The classification takes them for caused by the hypertension unless the provider says otherwise, and has one code for all of them.

Fires
        I10 beside I50.9 (I11.0); I10 beside N18.31 (I12.9); I11.0 beside N18.6 (I13.2); I10 beside I51.7 (I11.9).

Passes
        I13.0 beside I50.22 and N18.4; I10 beside N18.31 when the note gives the kidney disease another cause; I10 beside I25.10 or I48.0.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.9.a.1, I.C.9.a.2 and I.C.9.a.3
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.causes import HYPERTENSION, has_other_cause
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.hypertension import code_for, coded_beside, presumed, told_by
from fhir_coder.model import Severity

ID = "FCE-708"
NAME = "hypertension-understated"
SEVERITY = Severity.ADVISORY


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault; several codes of hypertension are FCE-710, a code of the other stages of kidney disease is FCE-709."""
    told = {code: involvement for code in case.known if (involvement := told_by(code)) is not None}
    if len(told) != 1:
        return
    ((code, own),) = told.items()
    diseases = tuple(one for one in case.known if presumed(one) and not has_other_cause(case, one, HYPERTENSION))
    beside = coded_beside(diseases)
    due = own.joined(beside)
    if due.heart != own.heart or (due.kidney and not own.kidney):
        detail = (
            f"The classification presumes hypertension as the cause of {', '.join(diseases)}; code {code_for(due)} for {code} unless the provider "
            "documents another cause."
        )
        yield Fault((code, *diseases), detail)
