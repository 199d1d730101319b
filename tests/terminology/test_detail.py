"""Which code says more of the same condition."""

from __future__ import annotations

import pytest

from terminology.codebook import Codebook
from terminology.detail import is_more_specific, says_more


@pytest.mark.parametrize(
    ("other", "code", "more"),
    [
        ("N18.32", "N18.9", True),
        ("N18.31", "N18.30", True),
        ("J45.40", "J45.909", True),
        ("G47.33", "G47.00", False),
        ("M54.2", "M54.50", False),
        ("F33.1", "F32.9", False),
        ("N18.9", "N18.32", False),
        ("H66.011", "H66.92", False),
        ("H66.011", "H66.91", True),
        ("N18.9", "N18.9", False),
    ],
)
def test_says_more(codebook: Codebook, other: str, code: str, more: bool) -> None:
    assert says_more(codebook, other, code) is more


@pytest.mark.parametrize(
    ("code", "other", "more"),
    [
        ("E11.42", "E11", True),
        ("E11.42", "E11.4", True),
        ("S93.401A", "S93.401", True),
        ("M25.562", "M25.569", True),
        ("S52.501A", "S52.509A", True),
        ("S52.501D", "S52.509A", False),
        ("L97.522", "L97.529", True),
        ("N18.32", "N18.9", True),
        ("M25.562", "M25.561", False),
        ("M25.569", "M25.562", False),
        ("E11.9", "E11.9", False),
        ("E11.42", "E10", False),
        ("I10", "E11.9", False),
    ],
)
def test_is_more_specific(codebook: Codebook, code: str, other: str, more: bool) -> None:
    assert is_more_specific(codebook, code, other) is more
