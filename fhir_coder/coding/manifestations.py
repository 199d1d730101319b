"""Codes that a disease calls for with each of its manifestations, as data (``manifestations.tsv``): diabetes with neuropathy and ulcer is two codes
of diabetes (guideline I.C.4.a), what a stroke left behind is a code of its sequelae (I.C.9.d.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from fhir_coder.code_ranges import covered, parse_listed
from fhir_coder.coding.ranked_code import RankedCode
from terminology.codebook import Codebook
from terminology.knowledge import table_rows
from terminology.references import CodeReference


@dataclass(frozen=True, slots=True)
class _Manifestation:
    """A code of ``disease`` beside one of ``sign`` adds ``becomes``; ``is_stated``: only where one statement names both."""

    disease: tuple[CodeReference, ...]
    sign: tuple[CodeReference, ...]
    becomes: str
    is_stated: bool
    source: str


def with_manifestations(codes: Sequence[RankedCode], codebook: Codebook, are_chosen: bool) -> list[RankedCode]:
    """The codes and those that they call for together. ``are_chosen``: they are all assigned, so that what the classification presumes to
    belong together need not be named in one statement."""
    found = list(codes)
    for one in _called_for(codes, are_chosen):
        known = codebook.normalize(one.code)
        if known and codebook.is_billable(known) and all(one.code != other.code for other in found):
            found.append(one)
    return found


def _called_for(codes: Sequence[RankedCode], are_chosen: bool) -> Iterator[RankedCode]:
    for rule in _rules():
        signs = [one for one in codes if covered(one.code, rule.sign)]
        diseases = [one for one in codes if covered(one.code, rule.disease)] if signs else []
        for sign in signs:
            for disease in diseases:
                is_stated = bool(sign.named_statements & disease.named_statements)
                if is_stated or (are_chosen and not rule.is_stated):
                    likely = max(sign.probability, disease.probability) if is_stated else min(sign.probability, disease.probability)
                    yield replace(sign, code=rule.becomes, rule=rule.source, probability=likely)


@cache
def _rules() -> tuple[_Manifestation, ...]:
    return tuple(
        _Manifestation(
            parse_listed(row["code"]),
            parse_listed(row["beside"]),
            row["becomes"],
            row["where"] == "statement",
            row["source"],
        )
        for row in table_rows("fhir_coder.coding", "manifestations.tsv")
    )
