"""Details told in other words than the titles make the code that says them, and denied ones none."""

from __future__ import annotations

import pytest

from fhir_coder.coding.told_details import as_told
from terminology.codebook import Codebook


@pytest.mark.parametrize(
    ("code", "texts", "expected"),
    [
        ("O24.414", ("gestational diabetes", "GDM, diet controlled until now"), "O24.410"),
        ("O24.414", ("gestational diabetes", "GDM on insulin"), "O24.414"),
        ("G20.A2", ("Parkinson disease", "wearing off with dyskinesias after each dose"), "G20.B2"),
        ("G20.A2", ("Parkinson disease", "wearing off, no dyskinesia"), "G20.A2"),
        ("F02.B0", ("moderate Alzheimer dementia", "more agitated in the evening"), "F02.B11"),
        ("F02.B0", ("moderate Alzheimer dementia", "without agitation"), "F02.B0"),
        ("F02.B0", ("moderate Alzheimer dementia", "", "", "nurse asked about agitation"), "F02.B0"),
        ("F02.A0", ("mild dementia", "with visual hallucinations"), "F02.A2"),
        ("L97.929", ("venous ulcer", "ulcer over the left calf"), "L97.229"),
        ("L97.519", ("foot ulcer", "right heel ulcer"), "L97.419"),
        ("N18.9", ("CKD", "", "", "CKD. GFR 50 for a year, stage 3a"), "N18.31"),
        ("N18.30", ("CKD stage 3", "CKD G3b"), "N18.32"),
        ("N18.9", ("CKD", "", "", "CKD, stable"), "N18.9"),
        ("H35.3120", ("dry macular degeneration", "intermediate, left eye"), "H35.3122"),
        ("M84.369D", ("stress fracture of the left distal fibula",), "M84.364D"),
        ("M84.369A", ("R tibial stress fracture",), "M84.361A"),
        ("H35.3210", ("wet macular degeneration", "with active CNV"), "H35.3211"),
    ],
)
def test_as_told(codebook: Codebook, code: str, texts: tuple[str, ...], expected: str) -> None:
    assert as_told(codebook, code, texts) == expected
