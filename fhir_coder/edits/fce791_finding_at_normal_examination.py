"""Finding at normal examination.

What it checks
    An examination without abnormal findings beside a sign, an abnormal finding or an acute disease (routine_findings.tsv).

Why it matters
    A new finding, or a chronic condition that got worse, makes it an examination with abnormal findings, which pays and follows up
    differently.

Fires
    Z00.00 and R01.1; Z00.129 and H66.91; Z01.419 and B37.31.

Passes
    Z00.00 and I10 (chronic); Z00.129 and Z23; Z00.01 and R01.1; Z01.419 and N95.1.

Source
    ICD-10-CM Official Guidelines FY2026, IV.P and I.C.21.c.13
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.examinations import has_findings
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.pairs import pairs
from fhir_coder.model import Severity

ID = "FCE-791"
NAME = "finding-at-normal-examination"
SEVERITY = Severity.ADVISORY

_TABLE = "routine_findings.tsv"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such examination, with the first finding."""
    for examination, finding, _ in pairs(case, _TABLE):
        if has_findings(case.titles[examination]) is False:
            detail = f"{examination} says that nothing was found, beside {finding}; take the code with abnormal findings if it is new."
            yield Fault((examination, finding), detail)
