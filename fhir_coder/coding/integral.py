"""Signs, symptoms and lesser injuries that an assigned diagnosis accounts for (Official Guidelines I.B.5, I.C.19.b, IV.K)."""

from __future__ import annotations

from collections.abc import Sequence

from fhir_coder.coding.ranked_code import RankedCode
from fhir_coder.integral import injury_or_disease_of
from fhir_coder.symptoms import is_symptom
from terminology.codebook import Codebook


def accounts_for(ranked: RankedCode, chosen: Sequence[RankedCode], codebook: Codebook, reports: frozenset[str]) -> str:
    """The chosen code to which this one is integral, or empty; ``reports`` are the notes that are reports of interpreted studies."""
    others = {other.code: bool(ranked.statements & other.statements) for other in chosen if other.code != ranked.code}
    return injury_or_disease_of(codebook, ranked.code, others) or diagnosis_of_report(ranked, chosen, codebook, reports)


def diagnosis_of_report(ranked: RankedCode, chosen: Sequence[RankedCode], codebook: Codebook, reports: frozenset[str]) -> str:
    """The diagnosis of the report in which alone this symptom stands, or empty: beside a confirmed diagnosis of an interpreted study its
    signs and symptoms are not coded (IV.K)."""
    if not ranked.notes <= reports or not is_symptom(codebook, ranked.code):
        return ""
    return min((one.code for one in chosen if one.is_diagnosis(codebook) and ranked.notes & one.notes), default="")
