"""Past as current.

What it checks
    An assigned diagnosis all of whose words tell of the past.

Why it matters
    Conditions that were treated and no longer exist are not coded as present; a history code is for them.

Fires
    N20.0 that rests on "kidney stones in 2015" alone.

Passes
    A past and a present mention; history, status and sequela codes, old infarction: what they code is past.

Source
    ICD-10-CM Official Guidelines FY2026, IV.J
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.grounds import rests_only_on
from fhir_coder.model import Severity, Temporality

ID = "FCE-616"
NAME = "past-as-current"
SEVERITY = Severity.ADVISORY
NEEDS = "note"

_OF_THE_PAST = parse_ranges("B90-B94, E64, E68, G09, G65, I25.2, I69, O94, Z00-Z99")
_SEQUELA = "S"


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with its words."""
    for code in case.known:
        if _OF_THE_PAST.cover(code) or code.endswith(_SEQUELA):
            continue
        evidence = rests_only_on(case, code, lambda one: one.temporality is Temporality.HISTORICAL)
        if evidence:
            detail = f"{code} rests on words of the past alone; code the history if it matters, or confirm that the condition is present."
            yield Fault((code,), detail, evidence)
