"""Injuries and diseases of a part of the body that account for its pain and its lesser injuries (Official Guidelines I.B.5, I.C.19.b)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fhir_coder.body_parts import share_a_part
from fhir_coder.injury_signs import accounted_for
from fhir_coder.symptoms import is_symptom
from terminology.codebook import Codebook
from terminology.laterality import side

_PAIN = ("M25.5", "M79.6")


def injury_or_disease_of(codebook: Codebook, code: str, others: Mapping[str, bool]) -> str:
    """The code that accounts for ``code``, or empty. ``others`` maps the other codes to whether they share a statement with it."""
    return accounted_for(codebook, code, others) or _disease_of_pain(codebook, code, others)


def _disease_of_pain(codebook: Codebook, code: str, others: Iterable[str]) -> str:
    """The disease or injury of the very part of the body that this code calls painful, on no other side, or empty (I.B.5)."""
    if not code.startswith(_PAIN):
        return ""
    title = codebook.title(code)
    of_part = (one for one in others if one[0] in "MST" and not is_symptom(codebook, one))
    return min((one for one in of_part if _is_of_same_place(codebook.title(one), title)), default="")


def _is_of_same_place(title: str, other: str) -> bool:
    sides = {side(title), side(other)} - {None, "unspecified", "bilateral"}
    return share_a_part(title, other) and len(sides) <= 1
