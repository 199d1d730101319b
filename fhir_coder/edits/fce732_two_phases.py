"""Two phases.

What it checks
        The same injury with two seventh characters, none of them for a sequela: active treatment beside healing, a closed beside an open
    fracture, routine beside delayed healing.

Why it matters
        One injury is in one phase at one visit; the second code is a leftover of an earlier visit or a second guess.

Fires
        S52.501A beside S52.501D; S82.201D beside S82.201G.

Passes
        S52.501D beside S61.411A (another injury); burns of one place that heal at different speed.

Source
        ICD-10-CM Official Guidelines FY2026, I.C.19.a; for burns, I.C.19.d.8
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.phases import SEQUELA, phase, same_injury
from fhir_coder.model import Severity

ID = "FCE-732"
NAME = "two-phases"
SEVERITY = Severity.ADVISORY


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such injury, with its codes."""
    for stem, codes in same_injury(case).items():
        current = tuple(code for code in codes if phase(code) != SEQUELA)
        if len(current) > 1:
            yield Fault(current, f"{stem} is coded with {len(current)} seventh characters; keep the one that tells this visit's care.")
