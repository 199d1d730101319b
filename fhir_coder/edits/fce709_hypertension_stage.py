"""Hypertension stage.

What it checks
        A code of hypertensive kidney disease for stages 1 to 4 beside chronic kidney disease of stage 5 or end stage, and the other way round.

Why it matters
        One of the two codes is wrong: the titles exclude each other.

Fires
        I12.9 beside N18.6; I12.0 beside N18.4; I13.0 beside N18.5.

Passes
        I12.0 beside N18.6; I12.9 beside N18.9; I13.2 without a code of the stage.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.9.a.2 and I.C.9.a.3; tabular list, titles of I12 and I13
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.hypertension import Involvement, code_for, coded_beside, told_by
from fhir_coder.model import Severity

ID = "FCE-709"
NAME = "hypertension-stage"
SEVERITY = Severity.BLOCKING


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code of hypertension, with the codes of kidney disease."""
    for code in case.known:
        told = told_by(code)
        if told is None or not told.kidney:
            continue
        stages = tuple(one for one in case.known if coded_beside([one]).kidney)
        coded = coded_beside(stages).kidney
        if stages and coded != told.kidney:
            due = code_for(Involvement(told.heart, coded))
            yield Fault(
                (code, *stages), f"{code} is for other stages of kidney disease than {', '.join(stages)}; code {due} for that stage."
            )
