"""Birth after service.

What it checks
        A date of birth after the date of service.

Why it matters
        One of the two dates, or the patient, is wrong; every edit on age is void and the claim is rejected.

Fires
        Born 2026-05-02, seen 2026-05-01.

Passes
        A newborn seen on the day of birth; unknown dates.

Source
        ASC X12N 837P (005010X222A1), loop 2010BA DMG02 (patient birth date) and loop 2400 DTP (service date)
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-402"
NAME = "birth-after-service"
SEVERITY = Severity.BLOCKING


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, on the encounter as a whole."""
    if case.age_days is not None and case.age_days < 0:
        yield Fault((), "The date of birth lies after the date of service; correct one of them.")
