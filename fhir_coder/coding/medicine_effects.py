"""Conditions that a medicine has brought on, told in one sentence with it (guideline I.C.19.e.5.a).

The nature of an adverse effect is coded, a symptom too, because nothing else says it; and some conditions have a code for being drug-induced.
Those codes are data (``effect_forms.tsv``).
"""

from __future__ import annotations

import csv
from collections.abc import Collection
from functools import cache

from terminology.knowledge import knowledge_of

SOURCE = "I.C.19.e.5.a"

_ADVERSE = "5"
_PLACE_OF_INTENT = 5


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
    lines = knowledge_of("fhir_coder.coding").joinpath("effect_forms.tsv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader((line for line in lines if line and not line.startswith("#")), delimiter="\t")
    forms: dict[str, tuple[tuple[str, str], ...]] = {}
    for row in rows:
        forms[row["code"]] = (*forms.get(row["code"], ()), (row["drug"], row["becomes"]))
    return forms
