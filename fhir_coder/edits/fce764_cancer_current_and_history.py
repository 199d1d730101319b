"""Cancer current and history.

What it checks
        A current malignant neoplasm beside the personal history of one of the same site (cancer_history.tsv). Where sides matter, only when the notes
        name the same side for both.

Why it matters
        A cancer under treatment is current, one that is gone and no longer treated is history. The same one is not both, and risk adjustment counts it.

Fires
        C61, Z85.46; C18.7, Z85.038; C50.911 beside Z85.3 when the note tells a history of cancer of the right breast.

Passes
        C50.911, Z85.3 (it may have been the other breast); C79.51, Z85.46 (metastasis of a removed primary); C44.311, Z85.828.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.2.d, I.C.2.m and I.C.21.c.4
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from fhir_coder.code_ranges import CodeRanges, covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.sides import OPPOSITE, documented_sides
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Severity
from terminology.laterality import side

ID = "FCE-764"
NAME = "cancer-current-and-history"
SEVERITY = Severity.ADVISORY
IS_VERIFIED = False
"""The rule of current and past cancer was compared with a restatement; no text was found that gives its paragraph the letter m."""

_HISTORY = "Z85"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each pair of current and past neoplasm."""
    for past in case.known:
        if not past.startswith(_HISTORY):
            continue
        for current in case.known:
            if covered(current, _sites().get(past, ())) and not _may_be_other_side(case, current, past):
                detail = (
                    f"{current} and {past} tell the same site as current and as history. While it is treated or has come back code {current} alone, "
                    f"after treatment {past} alone; both stand only for two separate tumors."
                )
                evidence = (*case.evidence_for(current)[:1], *case.evidence_for(past)[:1])
                yield Fault((current, past), detail, evidence)


def _may_be_other_side(case: EditCase, current: str, past: str) -> bool:
    own = side(case.titles[current])
    return own in OPPOSITE and documented_sides(case, past)[0] != {own}


@cache
def _sites() -> dict[str, CodeRanges]:
    return {row["codes"]: parse_ranges(row["within"]) for row in read_table("cancer_history.tsv")}
