"""Author unknown.

What it checks
        A note of which the EHR does not say whether the provider wrote it: no author, or one whose qualification, role and part in the
    encounter are unknown.

Why it matters
        Code assignment rests on the provider's documentation; of a note of unknown hand a person must say whether it is that.

Fires
        A note whose author is an organization or a device; a practitioner without qualification who does not attend the encounter.

Passes
        A physician's note; a nurse's note; a practitioner without qualification who attends the encounter.

Source
        ICD-10-CM Official Guidelines FY2026, I.B.14 (documentation by the patient's provider)
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Authority, Severity

ID = "FCE-605"
NAME = "author-unknown"
SEVERITY = Severity.BLOCKING
NEEDS = "note"
IS_ABOUT_CODES = False


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such note."""
    for note in case.encounter.notes if case.encounter else ():
        if note.authority is Authority.UNKNOWN:
            yield Fault((), f"It is not known who wrote note {note.id}; check that it is the provider's before releasing the codes.")
