"""From a past or a relative's condition to the Z code that says so (guideline I.C.21.c.4; IV.J: coded when it affects current care)."""

from __future__ import annotations

from functools import cache

from fhir_coder.code_ranges import covered
from fhir_coder.model import RejectionReason
from terminology.codebook import Codebook
from terminology.knowledge import table_rows
from terminology.references import CodeReference, parse_references


@cache
def _rows(kind: str) -> tuple[tuple[tuple[CodeReference, ...], str], ...]:
    """The mapping for ``personal`` or ``family``, first match wins."""
    rows = table_rows("fhir_coder.coding", "history_codes.tsv")
    return tuple((parse_references(f"({row['codes']})"), row["history"]) for row in rows if row["kind"] == kind)


def history_code(codebook: Codebook, code: str, reason: RejectionReason | None) -> str:
    """The billable Z80-Z87 code for a condition turned away as family or past history; empty when the classification has none."""
    kind = {RejectionReason.FAMILY_HISTORY: "family", RejectionReason.HISTORICAL: "personal"}.get(reason or RejectionReason.OUTRANKED)
    if kind is None:
        return ""
    for references, history in _rows(kind):
        if covered(code, references) and codebook.normalize(history):
            return history if codebook.is_billable(history) else ""
    return ""
