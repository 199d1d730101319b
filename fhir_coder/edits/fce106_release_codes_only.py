"""Release codes only.

What it checks
        The release in force on the date of service was made from lists of changed codes; its notes and index are those of the release before.

Why it matters
        Codes are valid or not as the new edition says, but new Excludes1, code first and other notes are not yet checked.

Fires
        A visit of 2026-10-15 when the changes of FY2027 are loaded on top of the April 2026 release.

Passes
        A visit inside a release that was loaded whole.

Source
        ICD-10-CM Official Guidelines FY2026, I.A (conventions of the tabular list); 45 CFR 162.1002(c)
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-106"
NAME = "release-codes-only"
SEVERITY = Severity.INFORMATION
HOLDS_FROM = None  # whatever the date, a claim with it is wrong


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, on the encounter as a whole; another date than the release's own is for other edits to report."""
    if case.release.caveat and case.release_status in {"covered", "undated"}:
        yield Fault((), f"Release {case.release.id} has {case.release.caveat}; load the whole release when it is published.")
