"""Kinds apart.

What it checks
        Two codes for two stages, types, classes or degrees of severity of which a patient has one at a time (one_of_each.tsv), where there is no
    note to tell which holds.

Why it matters
        One of the two is wrong, or one code for both is due (I50.4- for systolic and diastolic heart failure).

Fires
        N18.31 beside N18.4; J45.30 beside J45.40; I50.22 beside I50.32.

Passes
        N18.30 beside N18.9, which FCE-305 finds; two types of diabetes, which FCE-201 finds; a coded note, of which FCE-611 speaks.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.14.a.1 and I.B.9; one_of_each.tsv names the source of each row
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.one_of_each import choices
from fhir_coder.model import Severity

ID = "FCE-714"
NAME = "kinds-apart"
SEVERITY = Severity.ADVISORY


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each thing of which two alternatives are coded."""
    if case.coded is not None:
        return
    for choice in choices():
        named = {code: own for code in case.known if (own := choice.named_by(code)) is not None}
        if len(set(named.values())) > 1 and not any(set(one.codes) <= named.keys() for one in case.exclusions):
            codes = tuple(named)
            yield Fault(
                codes, f"{', '.join(codes)} code {choice.what} in two ways; keep the one that holds, or the code for both if there is one."
            )
