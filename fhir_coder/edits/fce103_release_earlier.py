"""Release earlier.

What it checks
        The date of service lies before every loaded release.

Why it matters
        Codes come and go every October and April; the nearest release may know codes that were not yet valid and lack ones that were.

Fires
        A visit of 2024-03-01 when only the April 2026 release is loaded.

Passes
        A visit inside a loaded release, or one without a date.

Source
        45 CFR 162.1002(c) (code set in force on the date of service); ICD-10-CM Official Guidelines FY2026, title page (effective
    dates)
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-103"
NAME = "release-earlier"
SEVERITY = Severity.ADVISORY
HOLDS_FROM = None  # whatever the date, a claim with it is wrong


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, on the encounter as a whole."""
    if case.release_status == "earlier":
        yield Fault((), f"The date of service lies before release {case.release.id}, which was used; load the release of that date.")
