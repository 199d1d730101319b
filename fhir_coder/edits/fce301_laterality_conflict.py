"""Laterality conflict.

What it checks
        The bilateral code beside the right or left code of the same condition.

Why it matters
        One of the two counts a side twice; the payer denies the pair or asks for the record.

Fires
        M17.0 (both knees) beside M17.11 (right knee).

Passes
        M17.11 beside M19.011 (another joint); right beside left (see FCE-303).

Source
        ICD-10-CM Official Guidelines FY2026, I.B.13
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.sides import coded_sides, own_side
from fhir_coder.model import Severity

ID = "FCE-301"
NAME = "laterality-conflict"
SEVERITY = Severity.BLOCKING


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each bilateral code with the one-sided codes beside it."""
    for code in case.known:
        if own_side(case, code) != "bilateral":
            continue
        coded = coded_sides(case, code)
        one_sided = tuple(coded[name] for name in ("right", "left") if name in coded)
        if one_sided:
            yield Fault(
                (code, *one_sided),
                f"{code} is for both sides and already says {', '.join(one_sided)}; keep the one that the note supports.",
            )
