"""Sex conflict.

What it checks
        A diagnosis of an organ or condition of one sex when the patient's administrative gender is the other.

Why it matters
        Either the diagnosis or the registration is wrong, or the record needs the payer's condition code for the exception; a person
    decides.

Fires
        N40.1 for a woman; O80 for a man.

Passes
        N40.1 for a man; any code when the gender is other or unknown.

Source
        CMS Definitions of Medicare Code Edits, sex conflict (sex_limits.tsv)
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.model import Severity

ID = "FCE-403"
NAME = "sex-conflict"
SEVERITY = Severity.ADVISORY


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each code of the other sex."""
    if case.gender not in {"female", "male"}:
        return
    for code in case.known:
        fits = case.lists.genders_of(code)
        if fits and case.gender not in fits:
            yield Fault(
                (code,),
                f"{code} is a diagnosis of {' or '.join(sorted(fits))} patients, and the patient is registered as {case.gender}; check the code and the registration.",
            )
