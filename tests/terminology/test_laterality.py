"""Sides of titles and sibling codes that differ by side alone."""

from __future__ import annotations

import pytest

from terminology.codebook import Codebook
from terminology.laterality import side, sides


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Pain in right knee", "right"),
        ("Otitis media, unspecified, bilateral", "bilateral"),
        ("Pain in unspecified knee", "unspecified"),
        ("Essential (primary) hypertension", None),
        ("Left ventricular failure, unspecified", "left"),
        ("Age-related nuclear cataract, unspecified eye", "unspecified"),
        ("Trigger finger, unspecified middle finger", "unspecified"),
        ("Pneumonia, unspecified organism", None),
        ("Adhesions due to foreign body accidentally left in body following removal of catheter or packing", None),
        ("Unspecified injury of hip", None),
        ("Right heart failure due to left heart failure", None),
    ],
)
def test_side_of_a_title(title: str, expected: str | None) -> None:
    assert side(title) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("M25.56", {"right": "M25.561", "left": "M25.562", "unspecified": "M25.569"}),
        ("M25.561", {"right": "M25.561", "left": "M25.562", "unspecified": "M25.569"}),
        ("S93.401A", {"right": "S93.401", "left": "S93.402", "unspecified": "S93.409"}),
        ("G56.0", {"right": "G56.01", "left": "G56.02", "bilateral": "G56.03", "unspecified": "G56.00"}),
        ("H25.11", {"unspecified": "H25.10", "right": "H25.11", "left": "H25.12", "bilateral": "H25.13"}),
        ("H25.13", {"unspecified": "H25.10", "right": "H25.11", "left": "H25.12", "bilateral": "H25.13"}),
        ("H66.9", {"unspecified": "H66.90", "right": "H66.91", "left": "H66.92", "bilateral": "H66.93"}),
        ("H66.001", {"right": "H66.001", "left": "H66.002", "bilateral": "H66.003", "unspecified": "H66.009"}),
        ("H66.003", {"right": "H66.001", "left": "H66.002", "bilateral": "H66.003", "unspecified": "H66.009"}),
        ("H66.006", {"right": "H66.004", "left": "H66.005", "bilateral": "H66.006", "unspecified": "H66.007"}),
        ("L97.112", {"right": "L97.112", "left": "L97.122", "unspecified": "L97.102"}),
        ("I83.011", {"right": "I83.011", "left": "I83.021", "unspecified": "I83.001"}),
        # Dominant and nondominant: a header with two right sides chooses neither.
        ("G81.9", {}),
        ("G81.91", {"right": "G81.91", "left": "G81.92"}),
        ("M79.60", {}),
        ("S62.662", {"right": "S62.662", "left": "S62.663"}),
        ("S62.66", {}),
        ("I10", {}),
        ("I50", {}),
        ("M54.1", {}),
    ],
)
def test_siblings_by_side(codebook: Codebook, code: str, expected: dict[str, str]) -> None:
    assert dict(sides(codebook, code)) == expected
