"""Conditions of a pregnant patient: which code of chapter 15 each calls for, and whether its own stands beside."""

from __future__ import annotations

import pytest

from fhir_coder.coding.pregnancy import complication_of, complications
from terminology.codebook import Codebook


def test_every_complication_is_billable(codebook: Codebook) -> None:
    assert [row.becomes for row in complications() if not codebook.is_billable(row.becomes)] == []


@pytest.mark.parametrize(
    ("code", "becomes", "is_kept"),
    [
        ("E03.9", "O99.280", True),
        ("E11.9", "O24.119", True),
        ("E66.9", "O99.210", True),
        ("F17.210", "O99.330", True),
        ("F11.20", "O99.320", True),
        ("F41.1", "O99.340", True),
        ("N30.00", "O23.10", False),
        ("S30.1XXA", "O9A.219", True),
    ],
)
def test_what_chapter_15_makes_of_it(code: str, becomes: str, is_kept: bool) -> None:
    row = complication_of(code)
    assert row is not None
    assert (row.becomes, row.is_kept) == (becomes, is_kept)


@pytest.mark.parametrize("code", ["Z34.81", "O24.410", "R10.9", "Z23"])
def test_what_it_leaves_alone(code: str) -> None:
    assert complication_of(code) is None
