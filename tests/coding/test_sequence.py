"""Claim order."""

from __future__ import annotations

import pytest

from fhir_coder.coding.sequence import claim_order, note_places
from fhir_coder.coding.support import Pillar
from fhir_coder.model import Assertion, Authority, Candidate, Mention, Note, SectionKind
from terminology.codebook import Codebook


@pytest.mark.parametrize(
    ("codes", "ordered"),
    [
        (["T46.6X5A", "Z79.84", "M79.10", "Z91.120", "T46.5X6A"], ["M79.10", "T46.5X6A", "T46.6X5A", "Z79.84", "Z91.120"]),
        (["T40.2X1A", "T50.905A", "R40.0"], ["R40.0", "T40.2X1A", "T50.905A"]),
        (["Z79.4", "E11.9"], ["E11.9", "Z79.4"]),
        (["W01.0XXA", "S93.401A", "Y93.66"], ["S93.401A", "W01.0XXA", "Y93.66"]),
        (["N18.4", "E11.22"], ["E11.22", "N18.4"]),
        (["I50.9", "I11.0"], ["I11.0", "I50.9"]),
        (["F02.80", "G30.9"], ["G30.9", "F02.80"]),
        (["Z23", "Z00.129"], ["Z00.129", "Z23"]),
        ([], []),
    ],
)
def test_claim_order_without_evidence(codebook: Codebook, codes: list[str], ordered: list[str]) -> None:
    assert claim_order(codes, {}, codebook) == ordered


@pytest.mark.parametrize(
    ("codes", "ordered"),
    [
        pytest.param(["C18.7", "I10", "Z51.11"], ["Z51.11", "C18.7", "I10"], id="an encounter for chemotherapy"),
        pytest.param(["Z3A.24", "Z34.82"], ["Z34.82", "Z3A.24"], id="weeks of gestation are never first"),
        pytest.param(["A09", "O99.013", "Z3A.36"], ["O99.013", "A09", "Z3A.36"], id="pregnancy before other chapters"),
        pytest.param(["Z59.00", "Z71.3"], ["Z71.3", "Z59.00"], id="a social determinant is never first"),
        pytest.param(["F32.9", "Z68.41", "E66.813"], ["E66.813", "F32.9", "Z68.41"], id="body mass index behind conditions"),
    ],
)
def test_what_must_and_must_not_be_first(codebook: Codebook, codes: list[str], ordered: list[str]) -> None:
    assert claim_order(codes, {}, codebook) == ordered


def pillar(code: str, note: str, section: SectionKind, start: int) -> tuple[Pillar, ...]:
    mention = Mention(note, start, start + 1, "x", section, start, start + 1, (code,), ("test",))
    return (Pillar(Assertion(mention), Candidate(0, code, 1.0), None),)


def test_an_etiology_named_later_comes_up_to_the_disease_that_was_the_reason(codebook: Codebook) -> None:
    starts = {"N18.4": 0, "D64.9": 10, "I12.9": 20}
    pillars = {code: pillar(code, "n1", SectionKind.ASSESSMENT, start) for code, start in starts.items()}
    assert claim_order(list(starts), pillars, codebook) == ["I12.9", "N18.4", "D64.9"]


def test_the_visit_leads_whatever_the_offsets_in_other_notes() -> None:
    notes = [Note("r", "x", authority=Authority.REPORT), Note("v", "x"), Note("a", "x")]
    assert note_places(notes) == {"v": 0, "a": 1, "r": 2}


def test_notes_of_one_encounter_are_ordered_before_their_offsets(codebook: Codebook) -> None:
    pillars = {
        "S52.501A": pillar("S52.501A", "report", SectionKind.ASSESSMENT, 0),
        "I10": pillar("I10", "visit", SectionKind.ASSESSMENT, 90),
        "E11.9": pillar("E11.9", "visit", SectionKind.ASSESSMENT, 50),
    }
    order = claim_order(list(pillars), pillars, codebook, {"visit": 0, "report": 1})
    assert order == ["E11.9", "I10", "S52.501A"]
