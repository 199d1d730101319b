"""Assigned codes against recorded ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_coder.model import Agreement, Reconciled, RecordedDiagnosis
from fhir_coder.reconciliation import agreed_conditions, reconcile
from terminology.codebook import Codebook

CODES = ("I10", "E11.9", "E11.42", "M25.562", "M25.569", "N18.32", "N18.9", "S93.401A")


def recorded(*codes: str, is_ours: bool = False) -> tuple[RecordedDiagnosis, ...]:
    return tuple(RecordedDiagnosis(code, f"Condition/{number}", "confirmed", is_ours) for number, code in enumerate(codes, 1))


def lines(found: tuple[Reconciled, ...]) -> list[tuple[str, str, str]]:
    return [(line.agreement.value, line.code, line.recorded.code if line.recorded else "") for line in found]


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"),
    [
        ((), ("I10",), [("added", "I10", "")]),
        (("I10",), ("I10",), [("agreed", "I10", "I10")]),
        (("i10",), ("I10",), [("agreed", "I10", "i10")]),
        ((" E1142 ",), ("E11.42",), [("agreed", "E11.42", " E1142 ")]),
        (("E11",), ("E11.42",), [("more-specific", "E11.42", "E11")]),
        (("E11.9",), ("E11.42",), [("more-specific", "E11.42", "E11.9")]),
        (("M25.569",), ("M25.562",), [("more-specific", "M25.562", "M25.569")]),
        (("N18.9",), ("N18.32",), [("more-specific", "N18.32", "N18.9")]),
        (("S93.401",), ("S93.401A",), [("more-specific", "S93.401A", "S93.401")]),
        (("S93.401D",), ("S93.401A",), [("added", "S93.401A", ""), ("unsupported", "", "S93.401D")]),
        (("E11.42",), ("E11.9",), [("added", "E11.9", ""), ("unsupported", "", "E11.42")]),
        (("M25.561",), ("M25.562",), [("added", "M25.562", ""), ("unsupported", "", "M25.561")]),
        (("J45.909",), ("I10",), [("added", "I10", ""), ("unsupported", "", "J45.909")]),
        (("X99.ZZZ",), ("I10",), [("added", "I10", ""), ("unsupported", "", "X99.ZZZ")]),
        (("I10",), ("I13.0", "I50.9"), [("more-specific", "I13.0", "I10"), ("added", "I50.9", "")]),
        (("I10",), ("I10", "I13.0"), [("agreed", "I10", "I10"), ("added", "I13.0", "")]),
        (("I13.0",), ("I10",), [("added", "I10", ""), ("unsupported", "", "I13.0")]),
        (("J45.909",), (), [("unsupported", "", "J45.909")]),
        (("I10", "I10"), ("I10",), [("agreed", "I10", "I10"), ("agreed", "I10", "I10")]),
        (("E11.9",), ("E11.9", "E11.42"), [("agreed", "E11.9", "E11.9"), ("added", "E11.42", "")]),
        (("E11",), ("E11.42", "E11.22"), [("more-specific", "E11.42", "E11"), ("more-specific", "E11.22", "E11")]),
    ],
)
def test_reconcile(codebook: Codebook, theirs: tuple[str, ...], ours: tuple[str, ...], expected: list) -> None:
    assert lines(reconcile(recorded(*theirs), ours, codebook)) == expected


def test_what_this_software_proposed_is_not_compared(codebook: Codebook) -> None:
    assert lines(reconcile(recorded("I10", "J45.909", is_ours=True), ("I10",), codebook)) == [("added", "I10", "")]


def test_the_condition_of_an_agreed_code(codebook: Codebook) -> None:
    found = reconcile((*recorded("I10", "E11"), RecordedDiagnosis("J45.909", "")), ("I10", "E11.42", "J45.909"), codebook)
    assert agreed_conditions(found) == {"I10": "Condition/1"}


@given(st.lists(st.sampled_from((*CODES, "E11", "nonsense"))), st.lists(st.sampled_from(CODES), unique=True))
def test_every_code_and_every_record_has_its_line(codebook: Codebook, theirs: list[str], ours: list[str]) -> None:
    found = reconcile(recorded(*theirs), ours, codebook)
    assert {line.code for line in found if line.code} == set(ours)
    assert {line.recorded for line in found if line.recorded} == set(recorded(*theirs))
    assert all((line.recorded is None) == (line.agreement is Agreement.ADDED) for line in found)
    assert all((line.code == "") == (line.agreement is Agreement.UNSUPPORTED) for line in found)
