"""Reasons for an encounter: what notes are and what was done, and what only sounds like it."""

from __future__ import annotations

import pytest

from fhir_coder.model import Encounter, Note
from fhir_coder.reading.encounter_reasons import find_encounter_reasons
from fhir_coder.reading.sections import find_sections


def _codes(text: str) -> set[str]:
    sections = find_sections(Encounter(id="e", notes=(Note(id="n", text=text),))).sections
    return {term.codes[0] for term in find_encounter_reasons(text, sections)}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ANNUAL PHYSICAL\n50 yo man.", "Z00.00"),
        ("CC: here for a yearly check-up", "Z00.00"),
        ("Medicare wellness visit", "Z00.00"),
        ("9 yr WCC. No concerns.", "Z00.129"),
        ("15 MONTH WELL VISIT", "Z00.129"),
        ("A: Healthy 9 yo. Growth normal.", "Z00.129"),
        ("NEWBORN VISIT day 4. Baby girl.", "Z00.110"),
        ("Plan: HPV #1 given today.", "Z23"),
        ("Plan: Tdap updated.", "Z23"),
        ("P: Received flu shot and COVID booster today", "Z23"),
        ("36w0d G1P0. No complaints bar tired feet.", "Z34.00"),
        ("G3P2 at 20 weeks, routine visit", "Z34.80"),
        ("6 weeks s/p left TKA, doing well", "Z47.1"),
    ],
)
def test_told(text: str, code: str) -> None:
    assert code in _codes(text)


@pytest.mark.parametrize(
    "text",
    [
        "Plan: flu shot declined.",
        "Plan: Tdap due next visit.",
        "Plan: vaccines up to date.",
        "Plan: influenza swab negative today",
        "Plan: allergic to the tetanus vaccine given in 2010",
        "Plan: return for annual physical next year",
        "Sports physical",
        "Last annual physical was in 2020",
        "PSH: left TKA 10 years ago",
        "G2P2 s/p SVD 6 weeks ago",
        "Dilated eye exam due",
        "Discussed TKA; 6 weeks of therapy first",
    ],
)
def test_only_sounds_like_it(text: str) -> None:
    assert _codes(text) == set()
