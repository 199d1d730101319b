"""Signature unknown.

What it checks
        A note that is not known to be signed: no final or amended status, and nobody who authenticated it. Laboratory results, of which
    nothing is coded, need no signature.

Why it matters
        An unsigned note may still change, and payers take no claim that rests on it.

Fires
        A note without docStatus and authenticator; a preliminary note.

Passes
        A final note; an amended one; one that the provider authenticated.

Source
        CMS Medicare Program Integrity Manual (Pub. 100-08), chapter 3, 3.3.2.4 (signature requirements); ICD-10-CM Official Guidelines FY2026,
    IV.K (final report)
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Authority, Severity

ID = "FCE-606"
NAME = "signature-unknown"
SEVERITY = Severity.BLOCKING
NEEDS = "note"
IS_ABOUT_CODES = False


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such note."""
    for note in case.encounter.notes if case.encounter else ():
        if not note.is_signed and note.authority is not Authority.RESULTS:
            yield Fault((), f"Note {note.id} is not known to be signed; have it signed before releasing the codes.")
