"""Not present.

What it checks
    An assigned diagnosis all of whose words deny it, or name it only as what might come (return precautions, risks, what a test
    looks for).

Why it matters
    The notes say that the patient does not have it.

Fires
    R07.9 that rests on "no chest pain" alone; T78.2XXA that rests on "return if anaphylaxis".

Passes
    Denied in one place and stated in another (FCE-610); statuses and reasons for encounters (Z codes).

Source
    ICD-10-CM Official Guidelines FY2026, IV.H and IV.J
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.grounds import rests_only_on
from fhir_coder.model import Assertion, Presence, Severity, Temporality

ID = "FCE-618"
NAME = "not-present"
SEVERITY = Severity.BLOCKING
NEEDS = "note"

_NO_CONDITION = parse_ranges("V00-Y99, Z00-Z99")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such code, with its words."""
    for code in case.known:
        evidence = rests_only_on(case, code, _is_not_there)
        if evidence and not _NO_CONDITION.cover(code):
            yield Fault((code,), f"{code} rests only on words that deny it or warn of it; remove it.", evidence)


def _is_not_there(assertion: Assertion) -> bool:
    return assertion.presence is Presence.ABSENT or assertion.temporality is Temporality.HYPOTHETICAL
