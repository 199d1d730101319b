"""Signs, symptoms and lesser injuries that an assigned diagnosis accounts for (Official Guidelines I.B.5, I.C.19.b, IV.K)."""

from __future__ import annotations

from collections.abc import Sequence

from fhir_coder.coding.body_parts import share_a_part
from fhir_coder.coding.injury_signs import accounted_for
from fhir_coder.coding.kinds import is_symptom
from fhir_coder.coding.ranked_code import RankedCode
from terminology.codebook import Codebook
from terminology.laterality import side

_PAIN = ("M25.5", "M79.6")


def accounts_for(ranked: RankedCode, chosen: Sequence[RankedCode], codebook: Codebook, reports: frozenset[str]) -> str:
    """The chosen code to which this one is integral, or empty; ``reports`` are the notes that are reports of interpreted studies."""
    return (
        _injury_of(ranked, chosen, codebook)
        or _disease_of_pain(ranked, chosen, codebook)
        or diagnosis_of_report(ranked, chosen, codebook, reports)
    )


def _injury_of(ranked: RankedCode, chosen: Sequence[RankedCode], codebook: Codebook) -> str:
    """The injury that accounts for this pain or lesser injury of its site, or empty (I.B.5, I.C.19.b)."""
    others = {other.code: bool(ranked.statements & other.statements) for other in chosen if other.code != ranked.code}
    return accounted_for(codebook, ranked.code, others)


def _disease_of_pain(ranked: RankedCode, chosen: Sequence[RankedCode], codebook: Codebook) -> str:
    """The disease or injury of the very part of the body that this code calls painful, on no other side, or empty (I.B.5)."""
    if not ranked.code.startswith(_PAIN):
        return ""
    title = codebook.title(ranked.code)
    of_part = (one.code for one in chosen if one.code[0] in "MST" and not is_symptom(codebook, one.code))
    return min((code for code in of_part if _is_of_same_place(codebook.title(code), title)), default="")


def _is_of_same_place(title: str, other: str) -> bool:
    sides = {side(title), side(other)} - {None, "unspecified", "bilateral"}
    return share_a_part(title, other) and len(sides) <= 1


def diagnosis_of_report(ranked: RankedCode, chosen: Sequence[RankedCode], codebook: Codebook, reports: frozenset[str]) -> str:
    """The diagnosis of the report in which alone this symptom stands, or empty: beside a confirmed diagnosis of an interpreted study its
    signs and symptoms are not coded (IV.K)."""
    if not ranked.notes <= reports or not is_symptom(codebook, ranked.code):
        return ""
    return min((one.code for one in chosen if one.is_diagnosis(codebook) and ranked.notes & one.notes), default="")
