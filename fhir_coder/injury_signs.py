"""Pain and lesser injuries that an injury of the same site accounts for (Official Guidelines I.B.5, I.C.19.b), as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from fhir_coder.code_ranges import covered, parse_listed
from terminology.codebook import Codebook
from terminology.knowledge import table_rows
from terminology.laterality import side
from terminology.references import CodeReference

_NO_SIDE = (None, "unspecified")


@dataclass(frozen=True, slots=True)
class Sign:
    """Codes under ``code`` are accounted for by one under ``beside``; ``within_statement``: only when both rest on the same statement."""

    code: tuple[CodeReference, ...]
    beside: tuple[CodeReference, ...]
    within_statement: bool


def accounted_for(codebook: Codebook, code: str, others: Mapping[str, bool]) -> str:
    """The assigned code that accounts for ``code``, or empty. ``others`` maps the other codes to whether they share a statement with it."""
    for sign in _signs():
        if covered(code, sign.code):
            for other, shares_statement in sorted(others.items()):
                if covered(other, sign.beside) and (shares_statement or not sign.within_statement) and _is_same_side(codebook, code, other):
                    return other
    return ""


def _is_same_side(codebook: Codebook, code: str, other: str) -> bool:
    own, their = (side(codebook.title(one)) for one in (code, other))
    return own == their or own in _NO_SIDE or their in _NO_SIDE


@cache
def _signs() -> tuple[Sign, ...]:
    rows = table_rows("fhir_coder.coding", "injury_signs.tsv")
    return tuple(Sign(parse_listed(row["code"]), parse_listed(row["beside"]), row["statement"] == "same") for row in rows)
