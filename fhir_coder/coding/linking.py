"""Conditions that one problem statement names together, as the combination code for both (guidelines I.A.15, I.B.9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fhir_coder.coding.manifestations import with_manifestations
from fhir_coder.coding.ranked_code import RankedCode
from fhir_coder.combinations import combination_for
from terminology.codebook import Codebook


def linked(ranked: Sequence[RankedCode], codebook: Codebook) -> list[RankedCode]:
    """The codes with the combination code where one statement names both conditions ("CKD stage 4 from type 2 diabetes"): whoever speaks of
    the one there speaks of the other, so it is as likely as the likelier of the two."""
    found: dict[str, RankedCode] = {}
    for each in ranked:
        one = _with_others(each, ranked, codebook)
        found[one.code] = max(found.get(one.code, one), one, key=lambda other: other.probability)
    return with_manifestations(list(found.values()), codebook, are_chosen=False)


def _with_others(one: RankedCode, ranked: Sequence[RankedCode], codebook: Codebook) -> RankedCode:
    """The code, or the one that it becomes with another of its statements."""
    own = one.named_statements
    for other in ranked if own else ():
        rule = combination_for(one.code, {one.code, other.code})
        if rule and own & other.named_statements and codebook.is_billable(rule.becomes):
            one = replace(one, code=rule.becomes, rule=rule.source, probability=max(one.probability, other.probability))
    return one
