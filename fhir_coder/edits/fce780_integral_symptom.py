"""Integral symptom.

What it checks
    A sign or symptom coded beside the diagnosis that it belongs to, or pain of a joint or limb beside the injury or disease of that
    very part.

Why it matters
    A definitive diagnosis already says its symptoms. Coded as well they overstate the visit, and listed first they hide its reason.

Fires
    R05.9 beside J18.9; R10.31 before K35.80; M25.561 beside M17.11; R51.9 beside G43.909.

Passes
    R63.4 beside J18.9 (not integral to it); a sign listed before a chronic disease, which may be new and open; a sign followed by
    the drug whose adverse effect it is; pain of the other side; what remains of an injury before the injury's
    code for a sequela; pairs of an Excludes1 note (FCE-201).

Source
    ICD-10-CM Official Guidelines FY2026, I.B.5 and I.B.4 (integral_symptoms.tsv, and the tables of pain and injury that coding
    uses)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fhir_coder.code_ranges import parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.pairs import are_parted, pairs
from fhir_coder.edits.phases import SEQUELA, phase
from fhir_coder.integral import injury_or_disease_of
from fhir_coder.model import Severity

ID = "FCE-780"
NAME = "integral-symptom"
SEVERITY = Severity.ADVISORY
IS_ABOUT_ORDER = True

_TABLE = "integral_symptoms.tsv"
_DRUGS = parse_ranges("T36-T50")
_ADVERSE = re.compile(r"T\d\d\.\w(?:\w5|5X)[A-Z]")
"""The sixth character 5, or the fifth where the sixth is a placeholder."""


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such sign, with the diagnosis that accounts for it."""
    for sign, diagnosis in (*_of_table(case), *_of_part(case)):
        if phase(diagnosis) != SEQUELA and not _is_adverse_effect(case, sign):
            first = " and stands first" if sign == case.first_listed else ""
            detail = f"{sign} is integral to {diagnosis}{first}; remove it unless the provider gives it another cause."
            yield Fault((sign, diagnosis), detail)


def _of_table(case: EditCase) -> Iterator[tuple[str, str]]:
    for sign, diagnosis, rule in pairs(case, _TABLE):
        if rule.row["order"] == "any" or case.known.index(diagnosis) < case.known.index(sign):
            yield sign, diagnosis


def _of_part(case: EditCase) -> Iterator[tuple[str, str]]:
    for sign in case.known:
        if sign[0] in "MR":
            others = {other: False for other in case.known if other != sign and not are_parted(case, sign, other)}
            if diagnosis := injury_or_disease_of(case.codebook, sign, others):
                yield sign, diagnosis


def _is_adverse_effect(case: EditCase, sign: str) -> bool:
    """Whether the sign is followed by the drug that caused it (guideline I.C.19.e.5.a)."""
    behind = next(iter(case.known[case.known.index(sign) + 1 :]), "")
    return _DRUGS.cover(behind) and bool(_ADVERSE.fullmatch(behind))
