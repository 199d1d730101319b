"""Code first order.

What it checks
        A code whose code first note names a condition that is coded as well, but after it.

Why it matters
        The note fixes the order of the two; in the wrong order the claim names the consequence as the reason for its cause.

Fires
        N18.30 before E11.22; L97.411 before E11.621.

Passes
        E11.22 before N18.30; N18.30 without any condition that its note names; a pair whose notes name each other; R60.0, T46.1X5A, D63.1 (the note
    at adverse effects gives examples, and another effect stands first).

Source
        ICD-10-CM Official Guidelines FY2026, I.A.13 and I.B.9
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.instructions import code_first
from fhir_coder.model import Severity
from terminology.references import CodeReference

ID = "FCE-205"
NAME = "code-first-order"
SEVERITY = Severity.ADVISORY
IS_ABOUT_ORDER = True


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each pair in the wrong order."""
    references = {code: tuple(_references(case, code)) for code in case.known}
    for place, code in enumerate(case.known):
        for later in case.known[place + 1 :] if references[code] else ():
            if _names(references[code], code, later) and not _names(references[later], later, code):
                yield Fault((code, later), f"A code first note over {code} names {later}; put {later} before {code}.")


def _references(case: EditCase, code: str) -> Iterator[CodeReference]:
    """The codes that must stand before the code. Where the note gives examples only, what stands before it may be what is meant; of a manifestation
    it is not."""
    may_be_met = code != case.first_listed and not case.lists.is_manifestation(code, case.titles[code])
    for instruction in code_first(case, code):
        if not (may_be_met and instruction.gives_examples):
            yield from instruction.references


def _names(references: tuple[CodeReference, ...], code: str, other: str) -> bool:
    return any(reference.covers(other) and not reference.covers(code) for reference in references)
