"""Weeks of a pregnancy: those of this visit, not those of another time or another pregnancy."""

from __future__ import annotations

import pytest

from fhir_coder.reading.gestation import find_gestation


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("24F G1P0 34w4d, baby quiet since lunch", ["Z3A.34"]),
        ("31yo G2P1, 20+5. Last pregnancy: induced at 35 wk", ["Z3A.20"]),
        ("G3, seen at 12 weeks and 3 days by LMP, 9-wk scan agrees", ["Z3A.12"]),
        ("G1P0 @ 36 3/7 wks, prenatal visit", ["Z3A.36"]),
        ("G2P1 at 30 weeks, routine", ["Z3A.30"]),
        ("Acute cystitis in pregnancy, 22 wk.", ["Z3A.22"]),
        ("IUP at 7 wks", ["Z3A.01"]),
        ("Delivered at 37w2d last year, G2P1, now 12w1d", ["Z3A.12"]),
        ("Born: 39w1d. Newborn weight check, DOL 5", []),
        ("Postpartum visit. SVD 39w0d", []),
        ("Prenatal: return at 28w0d", []),
        ("Back pain for 20 weeks, not pregnant", []),
        ("No fetal heart at 9w5d: missed miscarriage", []),
    ],
)
def test_weeks(text: str, codes: list[str]) -> None:
    assert [term.codes[0] for term in find_gestation(text)] == codes
