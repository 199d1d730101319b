"""Conditions that a medicine has brought on, told in one sentence with it (guideline I.C.19.e.5.a).

The nature of an adverse effect is coded, a symptom too, because nothing else says it; and some conditions have a code for being drug-induced.
Those codes are data (``effect_forms.tsv``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cache

from fhir_coder.coding.kinds import is_symptom
from fhir_coder.coding.ranked_code import RankedCode
from terminology.codebook import Codebook
from terminology.knowledge import table_rows

SOURCE = "I.C.19.e.5.a"

_ADVERSE = "5"
_PLACE_OF_INTENT = 5


def as_effects(ranked: Sequence[RankedCode], codebook: Codebook) -> list[RankedCode]:
    """The codes with those conditions as drug-induced that a sentence tells with the medicine they are an adverse effect of."""
    found: dict[str, RankedCode] = {}
    for each in ranked:
        form = effect_form(each.code, [one.code for one in _medicines_of(each, ranked)])
        is_known = form != each.code and codebook.is_billable(form)
        one = replace(each, code=form, rule=SOURCE) if is_known else each
        found[one.code] = max(found.get(one.code, one), one, key=lambda other: other.probability)
    return list(found.values())


def effects_told(chosen: Sequence[RankedCode], ranked: Sequence[RankedCode], codebook: Codebook) -> list[RankedCode]:
    """The symptoms that are adverse effects of a medicine of this visit, however likely by themselves: the nature of the effect is coded."""
    codes = {one.code for one in chosen}
    return [
        replace(one, rule=SOURCE)
        for one in ranked
        if one.code not in codes and (is_symptom(codebook, one.code) or one.rule == SOURCE) and _medicines_of(one, chosen)
    ]


def _medicines_of(one: RankedCode, others: Sequence[RankedCode]) -> list[RankedCode]:
    """The adverse effects among the others that stand in a sentence with this code of a condition."""
    if one.code[0] > "R" or not one.is_named:
        return []
    return [other for other in others if is_adverse_effect(other.code) and one.statements & other.statements]


def is_adverse_effect(code: str) -> bool:
    """Whether a code of T36-T50 tells an adverse effect of a medicine taken as told."""
    letters = code.replace(".", "")
    return "T36" <= letters[:3] <= "T50" and letters[_PLACE_OF_INTENT : _PLACE_OF_INTENT + 1] == _ADVERSE


def effect_form(code: str, medicines: Collection[str]) -> str:
    """The code that ``code`` becomes as an adverse effect of one of the ``medicines`` (codes of T36-T50), or ``code`` itself."""
    forms = _forms().get(code, ())
    return next((becomes for drug, becomes in forms if any(one.startswith(drug) for one in medicines)), code)


@cache
def _forms() -> dict[str, tuple[tuple[str, str], ...]]:
    rows = table_rows("fhir_coder.coding", "effect_forms.tsv")
    forms: dict[str, tuple[tuple[str, str], ...]] = {}
    for row in rows:
        forms[row["code"]] = (*forms.get(row["code"], ()), (row["drug"], row["becomes"]))
    return forms
