"""Diagnosis without line.

What it checks
        A diagnosis that no service line of the visit names as its reason, when every line names its reasons by code.

Why it matters
        A diagnosis that supports no service adds nothing to the claim that a payer reads; either a pointer is missing, or the diagnosis stays on the claim as a
    condition that coexists, which the guideline allows.

Fires
        I10 and M54.50, when the only line names M54.50.

Passes
        I10 when a line names it; external causes, statuses and other codes that only add to another; lines without reasons, or with references to
    conditions that name no code here.

Source
        ASC X12N 837P (005010X222A1), loop 2400 SV107; ICD-10-CM Official Guidelines FY2026, IV.J
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.service_reasons import coded_reasons
from fhir_coder.first_listed import never_first
from fhir_coder.model import MAX_DIAGNOSES, Severity

ID = "FCE-514"
NAME = "diagnosis-without-line"
SEVERITY = Severity.INFORMATION
NEEDS = "lines"
IS_ABOUT_ORDER = True

# External causes, and statuses and histories of chapter 21: they explain a diagnosis or its risk, and support no service by themselves.
_ADDS_ONLY = parse_ranges("V00-Y99, Z16-Z22, Z28, Z66-Z68, Z72-Z99")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such diagnosis among those that reach the claim."""
    lines = case.services or ()
    if not lines or any(not line.reason_codes or line.reason_references for line in lines):
        return
    named = {code for line in lines for code in coded_reasons(case, line)}
    claimed = dict.fromkeys(case.codebook.normalize(code) for code in case.codes[:MAX_DIAGNOSES])
    for code in filter(None, claimed):
        if code not in named and not covered(code, _ADDS_ONLY) and not never_first(code):
            yield Fault((code,), f"No service line names {code}; point a line to it if it was the reason for a service.")
