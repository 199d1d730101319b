"""External causes beside injuries, and what an injury accounts for."""

from __future__ import annotations

import pytest

from fhir_coder.coding.causes import displaced_causes, has_injury, in_phase, is_cause, is_mechanism
from fhir_coder.coding.specificity import complete
from fhir_coder.injury_signs import accounted_for
from fhir_coder.reading.mechanism_rules import Told, load_mechanisms
from terminology.codebook import Codebook


@pytest.mark.parametrize(
    ("codes", "displaced"),
    [
        (["M25.561", "W19.XXXA"], {"W19.XXXA": ""}),
        (["S93.401A", "W19.XXXA", "W00.0XXA"], {"W19.XXXA": "W00.0XXA"}),
        (["S16.1XXA", "V89.2XXA", "V43.51XA"], {"V89.2XXA": "V43.51XA"}),
        (["S01.01XA", "W01.0XXA", "Y04.0XXA"], {"W01.0XXA": "Y04.0XXA"}),
        (["S93.401A", "W10.1XXA", "Y92.480", "Y93.01"], {}),
        (["S93.401A", "Y93.01", "Y93.02"], {"Y93.02": "Y93.01"}),
        (["S93.401D", "W10.1XXD", "Y92.480", "Y93.01"], {"Y92.480": "", "Y93.01": ""}),
        (["T39.1X1A", "W19.XXXA"], {"W19.XXXA": ""}),
        (["T81.31XA", "Y83.8"], {}),
    ],
)
def test_one_cause_stands_beside_an_injury(codes: list[str], displaced: dict[str, str]) -> None:
    assert displaced_causes(codes) == displaced


def test_a_cause_has_the_phase_of_its_injury(codebook: Codebook) -> None:
    assert in_phase(codebook, "W10.1XXA", ["S82.831D"]) == "W10.1XXD"
    assert in_phase(codebook, "W10.1XXD", ["S82.831B"]) == "W10.1XXA"
    assert in_phase(codebook, "W10.1XXA", ["S82.831S"]) == "W10.1XXS"
    assert in_phase(codebook, "Y93.66", ["S82.831D"]) == "Y93.66"
    assert in_phase(codebook, "S93.401A", ["S82.831D"]) == "S93.401A"


def test_what_is_a_cause() -> None:
    assert is_cause("Y92.010") and not is_mechanism("Y92.010")
    assert is_mechanism("W54.0XXA") and not is_cause("Y83.1") and not is_cause("M54.5")
    assert has_injury({"S93.401A"}) and not has_injury({"T50.2X5A", "M25.571"})


@pytest.mark.parametrize(
    ("code", "others", "injury"),
    [
        ("M79.671", {"S93.324A": False}, "S93.324A"),
        ("M79.672", {"S93.324A": False}, ""),
        ("M79.673", {"S93.324A": False}, "S93.324A"),
        ("M25.561", {"S93.324A": False}, ""),
        ("S60.221A", {"S60.021A": True}, "S60.021A"),
        ("S60.221A", {"S60.021A": False}, ""),
        ("R07.81", {"S22.31XA": False}, "S22.31XA"),
    ],
)
def test_an_injury_accounts_for_pain_and_lesser_injury_of_its_site(
    codebook: Codebook, code: str, others: dict[str, bool], injury: str
) -> None:
    assert accounted_for(codebook, code, others) == injury


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("little toe fracture, nondisplaced", "S92.504A"),
        ("little toe fracture", "S92.501A"),
        ("displaced little toe fracture", "S92.501A"),
        ("little toe fracture without displacement", "S92.504A"),
    ],
)
def test_a_fracture_is_displaced_unless_the_note_denies_it(codebook: Codebook, words: str, code: str) -> None:
    assert complete(codebook, "S92.501", (words, words, words, words)) == code


def test_every_mechanism_has_a_code_and_known_words(codebook: Codebook) -> None:
    rules = load_mechanisms()
    assert [rule.id for rule in rules.rules if codebook.children(codebook.normalize(rule.code) or "")] == []
    assert [rule.id for rule in rules.rules if rule.classes - rules.names] == []
    assert {rule.kind for rule in rules.rules} == set(Told)
