"""Which codes must stand first on a claim and which never may: what the claim order obeys and the edits check, read from the edits' tables."""

from __future__ import annotations

import re
from functools import cache

from fhir_coder.code_ranges import covered, parse_ranges
from terminology.knowledge import table_rows
from terminology.references import CodeReference


def is_only_first(code: str) -> bool:
    """Whether it is a Z code that may only be first-listed (guideline I.C.21.c.16)."""
    return any(covered(code, codes) and not covered(code, left_out) for codes, left_out in _only_first())


def never_first(code: str) -> str:
    """What the code is that it can never be first-listed ("body mass index"), or empty when it can; external causes are not asked about here."""
    rows = ((meaning, shape) for codes, shape, meaning in _never_first() if covered(code, codes))
    return next((meaning for meaning, shape in rows if shape is None or shape.fullmatch(code)), "")


@cache
def _only_first() -> tuple[tuple[tuple[CodeReference, ...], tuple[CodeReference, ...]], ...]:
    return tuple(
        (parse_ranges(row["codes"]), parse_ranges(row["except"])) for row in table_rows("fhir_coder.edits", "only_first_listed.tsv")
    )


@cache
def _never_first() -> tuple[tuple[tuple[CodeReference, ...], re.Pattern[str] | None, str], ...]:
    return tuple(
        (parse_ranges(row["codes"]), re.compile(row["shape"]) if row["shape"] else None, row["meaning"])
        for row in table_rows("fhir_coder.edits", "never_first_listed.tsv")
    )
