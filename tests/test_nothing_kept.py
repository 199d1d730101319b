"""Privacy in memory: once an encounter is coded, no object of the process holds a word of its notes, whatever caches there are."""

from __future__ import annotations

import functools
import gc
import warnings
from collections.abc import Iterator
from typing import Any

from fhir_coder.coding.policy import POLICIES
from fhir_coder.model import Encounter, Note
from fhir_coder.pipeline import Coder

_MARK_BACKWARDS = "jqvkxz"
"""A word that no language has, backwards, so that the test itself holds it nowhere."""
_TOGETHER = 500
"""How many objects are looked at in one go."""

_SENTENCES = (
    "Patient: Mark {0}",
    "Chief complaint: {0} knee pain, here for annual physical",
    "HPI: Mr. {0} slipped on {0} ice at work and hurt his left knee {0}. Denies {0} chest pain.",
    "Medications: metformin {0} 500 mg, {0} long term insulin",
    "PMH: breast cancer {0}. Father had {0} colon cancer",
    "Vitals: BMI 41.2 {0}",
    "Assessment and plan:",
    "1. Type 2 diabetes {0} with neuropathy {0}",
    "2. moderate persistent asthma {0}, in acute {0} exacerbation",
    "3. ulcer of the {0} heel {0}, right",
    "4. possible {0} sarcoidosis, {0} syndrome",
)


def test_nothing_of_a_note_outlives_its_coding(coder: Coder) -> None:
    """By whatever policy: one look at all objects, which takes seconds, is for the notes of all of them."""
    for policy in POLICIES:
        _code_marked_note(coder, policy)
    gc.unfreeze()  # what stays is looked at as well
    gc.collect()
    assert list(_holders()) == []
    gc.freeze()


def test_a_cache_keyed_by_text_would_be_found() -> None:
    @functools.lru_cache(maxsize=8)
    def length(text: str) -> int:
        return len(text)

    length(f"words {_mark()}")
    assert "functools._lru_cache_wrapper" in _holders()


def _code_marked_note(coder: Coder, policy: str) -> None:
    text = "\n\n".join(_SENTENCES).format(_mark())
    disposition, _ = coder.code_encounter(Encounter("e", (Note("n", text),)), POLICIES[policy]())
    assert disposition.report.coded.assignments


def _mark() -> str:
    return _MARK_BACKWARDS[::-1]


def _holders() -> Iterator[str]:
    """The types of the objects that hold a string with the mark in it."""
    warnings.simplefilter("ignore")  # libraries of other tests warn when their lazy objects are looked at
    holders = gc.get_objects()
    for start in range(0, len(holders), _TOGETHER):
        some = holders[start : start + _TOGETHER]
        if _is_marked(_strings_of(*some)):  # one alone is looked at where it can matter: millions are much slower so
            yield from (f"{type(one).__module__}.{type(one).__qualname__}" for one in some if _is_marked(_strings_of(one)))


def _is_marked(texts: list[str]) -> bool:
    return _mark() in "\n".join(texts).lower()


def _strings_of(*holders: Any) -> list[str]:
    """The strings that objects refer to, themselves or through plain containers that the collector does not know."""
    found = gc.get_referents(*holders)
    texts = [one for one in found if isinstance(one, str)]
    if inner := [one for one in found if isinstance(one, dict | tuple) and not gc.is_tracked(one)]:
        texts += _strings_of(*inner)
    return texts
