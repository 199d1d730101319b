"""Sequela first.

What it checks
        A code for a sequela listed first: an injury with the seventh character S, or one of the sequela categories B90-B94, E64, G09 and O94.

Why it matters
        What is treated now (the scar, the pain, the stiff joint) comes first; the sequela code only tells where it comes from, and payers
    refuse it as the reason for a visit.

Fires
        S52.501S before M25.531; S61.411S alone; B90.9 before J47.9.

Passes
        L90.5 before T23.261S; S06.2X0S before F48.2, because the note at F48.2 wants the injury first.

Source
        ICD-10-CM Official Guidelines FY2026, I.B.10 and I.C.19.a; tabular list, code first notes at B90-B94, E64, G09 and O94
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.phases import SEQUELA, phase
from fhir_coder.model import Severity
from terminology.codebook import NoteKind
from terminology.references import CodeReference

ID = "FCE-730"
NAME = "sequela-first"
SEVERITY = Severity.BLOCKING
IS_ABOUT_ORDER = True

_SEQUELAE = parse_ranges("B90-B94, E64, G09, O94")


def check(case: EditCase) -> Iterator[Fault]:
    """At most one fault, on the first-listed code."""
    first = case.first_listed
    if first is None or not (phase(first) == SEQUELA or covered(first, _SEQUELAE)):
        return
    if not any(_wants_first(case, code, first) for code in case.known if code != first):
        yield Fault((first,), f"{first} is the code of a sequela; put the condition that remained and is treated now before it.")


def _wants_first(case: EditCase, code: str, first: str) -> bool:
    """Whether a code first note over the code names the other one, or an underlying condition that it gives no code for."""
    named: dict[str, list[CodeReference]] = {}
    for note in case.codebook.notes(code, NoteKind.CODE_FIRST):
        named.setdefault(note.owner, []).extend(note.references)
    return any(not references or covered(first, references) for references in named.values())
