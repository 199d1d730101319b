"""Organism repeated.

What it checks
        The code of an organism (B95-B97) beside an infection whose code tells that organism (organism_told.tsv), when no other infection of the claim
        asks for it.

Why it matters
        A combination code says the infection and its cause; the organism a second time suggests a second infection.

Fires
        A41.02, B95.62; J15.0, B96.1.

Passes
        A41.02, L03.115, B95.62 (cellulitis asks for its organism); J15.212, B95.61; A49.02, Z22.322 (infected and a carrier).

Source
        ICD-10-CM Official Guidelines FY2026, I.C.1.e.1.a and I.B.9
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from fhir_coder.code_ranges import CodeRanges, covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Severity
from terminology.codebook import NoteKind

ID = "FCE-775"
NAME = "organism-repeated"
SEVERITY = Severity.ADVISORY

_ORGANISMS = parse_ranges("B95-B97")
# Infections of procedures and devices take an organism though no note asks for it.
_ALSO_TAKE_ONE = parse_ranges("T80-T88, A48, A49.8-A49.9")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such organism."""
    for organism in case.known:
        if not covered(organism, _ORGANISMS):
            continue
        told = [code for code in case.known if covered(organism, _told().get(code, ()))]
        if told and not any(_asks_for(case, code, organism) for code in case.known if code not in told):
            detail = f"{', '.join(told)} tells the organism already; remove {organism}, or code the other infection that it belongs to."
            yield Fault((*told, organism), detail)


def _asks_for(case: EditCase, code: str, organism: str) -> bool:
    if covered(code, _ALSO_TAKE_ONE):
        return True
    return any(covered(organism, note.references) for note in case.codebook.notes(code, NoteKind.USE_ADDITIONAL, NoteKind.CODE_ALSO))


@cache
def _told() -> dict[str, CodeRanges]:
    return {row["codes"]: parse_ranges(row["within"]) for row in read_table("organism_told.tsv")}
