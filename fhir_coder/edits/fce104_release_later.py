"""Release later.

What it checks
        The date of service lies after every loaded release.

Why it matters
        After 1 October some codes of the old release are deleted or headers; a claim coded with it may be invalid throughout.

Fires
        A visit of 2026-10-15 when only the April 2026 release is loaded.

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

ID = "FCE-104"
NAME = "release-later"
SEVERITY = Severity.BLOCKING
HOLDS_FROM = None  # whatever the date, a claim with it is wrong


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, on the encounter as a whole."""
    if case.release_status == "later":
        yield Fault(
            (), f"The date of service lies after release {case.release.id}, which was used; load the release of that date and code again."
        )
