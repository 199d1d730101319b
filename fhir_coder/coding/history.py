"""From a past or a relative's condition to the Z code that says so (guideline I.C.21.c.4; IV.J: coded when it affects current care)."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from fhir_coder.code_ranges import covered, parse_listed
from fhir_coder.model import RejectionReason
from terminology.codebook import Codebook
from terminology.knowledge import table_rows
from terminology.references import CodeReference

_CALLED_HISTORY = frozenset({"hist-history-of"})
"""The context rules by which the note itself calls a condition a history."""


@cache
def _rows(kind: str) -> tuple[tuple[tuple[CodeReference, ...], str, str], ...]:
    """The mapping for ``personal`` or ``family``, first match wins, with where the code is offered."""
    rows = table_rows("fhir_coder.coding", "history_codes.tsv")
    return tuple((parse_listed(row["codes"]), row["history"], row["offered"]) for row in rows if row["kind"] == kind)


def history_code(codebook: Codebook, code: str, reason: RejectionReason | None) -> str:
    """The billable Z80-Z87 code for a condition turned away as family or past history; empty when the classification has none."""
    return _history(codebook, code, reason)[0]


def is_history_offered(codebook: Codebook, code: str, reason: RejectionReason | None, cues: Collection[str], is_in_plan: bool) -> bool:
    """Whether the history of the condition is offered for coding: what bears on care is told anywhere (cancer, clots, what a parent had), of the
    rest only what stands in the plan, and the residual codes only where the words (``cues``) call it a history."""
    _, offered = _history(codebook, code, reason)
    if offered == "named":
        return is_in_plan and not _CALLED_HISTORY.isdisjoint(cues)
    return offered == "anywhere" or (offered == "plan" and is_in_plan)


def _history(codebook: Codebook, code: str, reason: RejectionReason | None) -> tuple[str, str]:
    """The history code with where it is offered; empty words when there is none."""
    kind = {RejectionReason.FAMILY_HISTORY: "family", RejectionReason.HISTORICAL: "personal"}.get(reason or RejectionReason.OUTRANKED)
    for references, history, offered in _rows(kind) if kind else ():
        if covered(code, references) and codebook.normalize(history):
            return (history, offered) if codebook.is_billable(history) else ("", "")
    return "", ""
