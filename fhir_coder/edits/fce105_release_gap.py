"""Release gap.

What it checks
        The date of service lies between loaded releases, and none of them holds on it.

Why it matters
        The release before the date was used; what was deleted or became a header since then makes a claim invalid throughout.

Fires
        A visit of 2023-05-01 when only the January 2021 and the April 2026 release are loaded.

Passes
        A visit inside a loaded release, one before or after all of them (other edits say so), or one without a date.

Source
        45 CFR 162.1002(c) (code set in force on the date of service); ICD-10-CM Official Guidelines FY2026, title page (effective
    dates)
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-105"
NAME = "release-gap"
SEVERITY = Severity.BLOCKING
HOLDS_FROM = None  # whatever the date, a claim with it is wrong


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, on the encounter as a whole."""
    if case.release_status == "gap":
        yield Fault(
            (),
            f"No loaded release holds on the date of service; release {case.release.id}, the one before it, was used; load the release of that "
            "date and code again.",
        )
