"""Poisoning after manifestation.

What it checks
        A sign or another manifestation (poisoning_manifestations.tsv) listed first when a poisoning by a drug under active treatment (T36-T50
    with 1 to 4) is coded after it.

Why it matters
        The poisoning is first-listed, its manifestations follow; the other order is that of an adverse effect of a drug taken as it should be.

Fires
        R40.20 before T42.4X1A; R11.2 before T39.1X2A.

Passes
        T42.4X1A before R40.20; R11.2 before T39.395A (an adverse effect); I10 before T39.1X1A (another disease).

Source
        ICD-10-CM Official Guidelines FY2026, I.C.19.e.5.b
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from fhir_coder.code_ranges import CodeRanges, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.drug_effects import POISONING, drug_effect
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.phases import ACTIVE, phase
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Severity

ID = "FCE-745"
NAME = "poisoning-after-manifestation"
SEVERITY = Severity.ADVISORY
IS_ABOUT_ORDER = True


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, with the first-listed code and the first poisoning."""
    poisoning = next((code for code in case.known if drug_effect(code)[1] in POISONING and phase(code) == ACTIVE), None)
    first = case.first_listed
    if poisoning and first and _manifestations().cover(first):
        yield Fault((first, poisoning), f"A poisoning comes before its manifestations; put {poisoning} before {first}.")


@cache
def _manifestations() -> CodeRanges:
    return parse_ranges(",".join(row["codes"] for row in read_table("poisoning_manifestations.tsv")))
