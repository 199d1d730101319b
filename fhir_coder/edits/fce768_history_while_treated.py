"""History while treated.

What it checks
        The personal history of a malignant neoplasm (Z85) that rests on a sentence which says that the cancer is being treated now.

Why it matters
        History begins when treatment has ended and nothing of the cancer is left. Until then the current code holds, and risk adjustment depends on it.

Fires
        Z85.3 from "history of breast cancer, currently receiving radiation"; Z85.46 from "prostate cancer, on adjuvant androgen deprivation".

Passes
        "Breast cancer 2015, completed chemotherapy"; "declined adjuvant therapy"; preventive tamoxifen, which the tabular list codes beside Z85.3.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.2.d, I.C.2.m and I.C.21.c.4
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-768"
NAME = "history-while-treated"
SEVERITY = Severity.ADVISORY
NEEDS = "note"
IS_VERIFIED = False
"""The rule of current and past cancer was compared with a restatement; no text was found that gives its paragraph the letter m."""

_HISTORY = "Z85"
_TREATMENT = (
    r"(?:chemo(?:therapy|radiation)?|radiation|radiotherapy|XRT|immunotherapy|hormone therapy|androgen deprivation|ADT|adjuvant|neoadjuvant|"
    r"maintenance (?:therapy|rituximab|pembrolizumab))"
)
_TREATED_NOW = re.compile(
    r"\b(?:currently|now|still|undergoing|receiving|continues|continuing|remains on|is on|on cycle \d+ of|on (?=adjuvant|neoadjuvant|maintenance))\b"
    rf"[^.;,]{{0,30}}\b{_TREATMENT}\b|\b(?:on|active) {_TREATMENT}\b",
    re.IGNORECASE,
)
_NOT_NOW = re.compile(
    r"\b(?:completed?|finish\w*|after|s/p|status post|declin\w+|refus\w+|no longer|off|stopped|discontinued|denies|ended|without|never|not|prior|previous\w*)\b",
    re.IGNORECASE,
)


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such history, with its words."""
    for code in case.known:
        if not code.startswith(_HISTORY):
            continue
        for evidence in case.evidence_for(code):
            sentence = case.sentence_of(evidence)
            if _TREATED_NOW.search(sentence) and not _NOT_NOW.search(sentence):
                detail = f"{code} is history, but the sentence it rests on tells treatment that goes on; code the neoplasm as current, or ask the provider."
                yield Fault((code,), detail, (evidence,))
                break
