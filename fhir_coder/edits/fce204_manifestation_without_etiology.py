"""Manifestation without etiology.

What it checks
        A manifestation code, not first-listed, when none of the conditions that its code first note names is coded before or after it.

Why it matters
        The pair of etiology and manifestation is one diagnosis in two codes; half of it tells the payer nothing.

Fires
        I10, F02.80 (the dementia's disease is not coded).

Passes
        G30.9, F02.80; a manifestation whose code first note names no code; M05.79, D63.8 and other diseases that a note of examples leaves
        out (etiologies_beyond_notes.tsv).; M31.5, D63.8 (anemia in any other chronic disease).

Source
        ICD-10-CM Official Guidelines FY2026, I.A.13
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from fhir_coder.code_ranges import CodeRanges, covered, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.instructions import code_first_references
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Severity
from terminology.references import CodeReference

ID = "FCE-204"
NAME = "manifestation-without-etiology"
SEVERITY = Severity.ADVISORY
IS_ABOUT_ORDER = True

# The note at D63.8 gives examples of a disease that may be any: not anemia again, a symptom, an injury or a circumstance.
_ANY_DISEASE = re.compile(r"\bin other chronic diseases classified elsewhere\b", re.IGNORECASE)
_DISEASES = parse_ranges("A00-D49, D65-Q99")


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each such manifestation."""
    for code in case.known:
        if code == case.first_listed or not case.lists.is_manifestation(code, case.titles[code]):
            continue
        references = (*code_first_references(case, code), *_beyond_notes(code))
        if references and not any(reference.covers(other) for other in case.known if other != code for reference in references):
            if _ANY_DISEASE.search(case.titles[code]) and any(covered(other, _DISEASES) for other in case.known):
                continue
            detail = (
                f"{code} is a manifestation, and none of the conditions that its code first note names is coded; code the underlying "
                "condition before it."
            )
            yield Fault((code,), detail)


def _beyond_notes(code: str) -> Iterator[CodeReference]:
    """Diseases that the manifestation may belong to although its note, a list of examples, does not name them."""
    return (reference for codes, beside in _etiologies() if codes.cover(code) for reference in beside)


@cache
def _etiologies() -> tuple[tuple[CodeRanges, CodeRanges], ...]:
    return tuple((parse_ranges(row["codes"]), parse_ranges(row["beside"])) for row in read_table("etiologies_beyond_notes.tsv"))
