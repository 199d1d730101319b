"""States apart.

What it checks
    Two codes for one condition in two states that exclude each other (states_apart.tsv): without and with angina, esophagitis, symptoms or
    crisis; two severities of one depressive disorder; intractable and not.

Why it matters
    The claim contradicts itself, and one of the two codes is not supported.

Fires
    I25.10 beside I25.119; F33.1 beside F33.2; K57.30 beside K57.32.

Passes
    I25.10 beside I25.2; F33.1 beside F41.1; G43.709 beside G43.119 (two kinds of migraine); pairs of an Excludes1 note (FCE-201).

Source
    ICD-10-CM Official Guidelines FY2026, I.B.2 and I.B.14; states_apart.tsv names the source of each row
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from fhir_coder.code_ranges import CodeRanges, parse_ranges
from fhir_coder.edits.case import EditCase
from fhir_coder.edits.fault import Fault
from fhir_coder.edits.pairs import are_parted
from fhir_coder.edits.tables import read_table
from fhir_coder.model import Severity

ID = "FCE-840"
NAME = "states-apart"
SEVERITY = Severity.ADVISORY


def check(case: EditCase) -> Iterator[Fault]:
    """One fault for each condition that is coded in two states."""
    for what, alternatives in _conditions():
        found = tuple(next((code for code in case.known if codes.cover(code)), "") for codes in alternatives)
        codes = tuple(sorted(filter(None, found), key=case.known.index))
        if len(codes) > 1 and not are_parted(case, codes[0], codes[1]):
            yield Fault(codes, f"{' and '.join(codes)} contradict each other ({what}); keep the one that the note supports.")


@cache
def _conditions() -> tuple[tuple[str, tuple[CodeRanges, ...]], ...]:
    rows = read_table("states_apart.tsv")
    return tuple((row["what"], tuple(map(parse_ranges, row["alternatives"].split(" | ")))) for row in rows)
