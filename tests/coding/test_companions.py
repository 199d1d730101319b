"""Codes that go with a condition, and codes that never stand without one."""

from __future__ import annotations

import pytest

from fhir_coder.coding.companions import companion_source, companions, is_left_alone
from fhir_coder.coding.side_exceptions import side_exceptions
from terminology.codebook import Codebook


@pytest.mark.parametrize(
    ("code", "assigned", "source"),
    [
        ("Z79.4", {"E11.40"}, "I.C.4.a.3"),
        ("Z79.4", {"E10.9"}, ""),
        ("Z68.33", {"E66.9", "I10"}, "I.B.14"),
        ("Z3A.32", {"O14.93"}, "I.C.21.c.11"),
        ("B96.20", {"N39.0"}, "I.C.1.b"),
        ("I10", {"E11.9"}, ""),
        ("Z79.01", {"I48.0"}, "I.C.21.c.3"),
        ("Z79.620", {"M05.79"}, "I.C.21.c.3"),
        ("Z79.899", {"B20"}, "I.C.21.c.3"),
        ("Z79.82", {"I10"}, ""),
        ("Z96.641", {"M16.12"}, "I.C.21.c.3"),
        ("Z96.641", {"J01.90"}, ""),
        ("T46.1X5A", {"R60.0"}, "I.C.19.e.5"),
        ("Z91.120", {"T46.5X6A"}, "I.C.19.e.5.c"),
    ],
)
def test_companion_source(code: str, assigned: set[str], source: str) -> None:
    assert companion_source(code, assigned) == source


@pytest.mark.parametrize(
    ("code", "assigned", "alone"),
    [("Z68.33", {"I10"}, True), ("Z68.33", {"E66.9"}, False), ("Z79.4", {"I10"}, False), ("Z79.84", {"I10"}, True)],
)
def test_a_body_mass_index_needs_its_diagnosis(code: str, assigned: set[str], alone: bool) -> None:
    assert is_left_alone(code, assigned) is alone


def test_every_rule_is_read_and_every_side_exception_is_billable(codebook: Codebook) -> None:
    assert all(rule.code and rule.beside and rule.source for rule in companions())
    assert [code for row in side_exceptions().values() for code in row.values() if not codebook.is_billable(code)] == []
