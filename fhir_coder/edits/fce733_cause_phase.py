"""Cause phase.

What it checks
        An external cause whose seventh character is of another phase of care than that of every injury on the claim.

Why it matters
        The cause goes with its injury: while the injury heals the cause is that of a subsequent encounter too, whoever sees the patient.

Fires
        S42.022D with V18.0XXA; M25.531 and S52.501S with W19.XXXD.

Passes
        S42.022D with V18.0XXD; S82.831K with W19.XXXD; S61.211A and S52.501D with W26.0XXA; E11.9 with W19.XXXA (no injury to compare).

Source
        ICD-10-CM Official Guidelines FY2026, I.C.20.a.2
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.phases import PHASES, cause_phase, phase
from fhir_coder.model import Severity

ID = "FCE-733"
NAME = "cause-phase"
SEVERITY = Severity.ADVISORY

# Drugs and complications of care carry their own cause; alone they say nothing of the phase of a fall or a crash.
_WITHOUT_CAUSE = parse_ranges("T36-T50, T80-T88")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such cause."""
    causes = [code for code in case.known if cause_phase(code)]
    injuries = [code for code in case.known if phase(code)] if causes else []
    if not any(not covered(code, _WITHOUT_CAUSE) for code in injuries):
        return
    phases = {phase(code) for code in injuries}
    for code in causes:
        if cause_phase(code) not in phases:
            told = " and ".join(sorted(PHASES[one] for one in phases))
            yield Fault(
                (code,), f"{code} is of {PHASES[cause_phase(code)]}, the injuries beside it of {told}; give it their seventh character."
            )
