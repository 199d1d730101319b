"""Pain and lesser injuries that an injury of the same site accounts for (Official Guidelines I.B.5, I.C.19.b), as data."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from terminology.codebook import Codebook
from terminology.knowledge import knowledge_of
from terminology.laterality import side
from terminology.references import CodeReference, parse_references

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
        if _covers(sign.code, code):
            for other, shares_statement in sorted(others.items()):
                if _covers(sign.beside, other) and (shares_statement or not sign.within_statement) and _is_same_side(codebook, code, other):
                    return other
    return ""


def _is_same_side(codebook: Codebook, code: str, other: str) -> bool:
    own, their = (side(codebook.title(one)) for one in (code, other))
    return own == their or own in _NO_SIDE or their in _NO_SIDE


@cache
def _signs() -> tuple[Sign, ...]:
    lines = knowledge_of("fhir_coder.coding").joinpath("injury_signs.tsv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader((line for line in lines if line and not line.startswith("#")), delimiter="\t")
    return tuple(
        Sign(parse_references(f"({row['code']})"), parse_references(f"({row['beside']})"), row["statement"] == "same") for row in rows
    )


def _covers(references: tuple[CodeReference, ...], code: str) -> bool:
    return any(reference.covers(code) for reference in references)
