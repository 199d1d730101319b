"""Condition of another.

What it checks
    An assigned diagnosis all of whose words are about another person: a relative, a contact, a donor.

Why it matters
    Only what the patient has is coded as the patient's; a relative's disease is family history at most.

Fires
    C50.919 that rests on "mother had breast cancer" alone.

Passes
    The mother's and the patient's own diabetes; family history and contact (Z codes); maltreatment and its external causes.

Source
    ICD-10-CM Official Guidelines FY2026, I.C.21.c.4 and IV.J
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.grounds import rests_only_on
from fhir_coder.model import Experiencer, Severity

ID = "FCE-617"
NAME = "condition-of-another"
SEVERITY = Severity.BLOCKING
NEEDS = "note"

_ABOUT_OTHERS = parse_ranges("T74, T76, V00-Y99, Z00-Z99")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with its words."""
    for code in case.known:
        evidence = rests_only_on(case, code, lambda one: one.experiencer is not Experiencer.PATIENT)
        if evidence and not _ABOUT_OTHERS.cover(code):
            yield Fault((code,), f"{code} rests on words about another person alone; remove it, or code the family history.", evidence)
