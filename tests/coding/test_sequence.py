"""Claim order."""

from __future__ import annotations

import pytest

from fhir_coder.coding.sequence import claim_order
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
