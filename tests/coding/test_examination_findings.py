"""Routine examinations: with abnormal findings when something new came up, without when what is known is unchanged (I.C.21.c.13)."""

from __future__ import annotations

import pytest

from fhir_coder.coding.policy import outpatient
from fhir_coder.model import Encounter, Note
from fhir_coder.pipeline import Coder

CHILD = "15 MONTH WELL VISIT\nGrowing well.\nAssessment:\n1. Well child.\n"
ADULT = "ANNUAL PHYSICAL\n52-year-old woman.\nPMH: hypertension.\nAssessment and Plan:\n1. Annual physical exam.\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CHILD + "Plan: return in 3 months.\n", "Z00.129"),
        (CHILD + "2. Acute suppurative otitis media, right ear. Amoxicillin.\n", "Z00.121"),
        (ADULT, "Z00.00"),
        (ADULT + "2. Hypertension, stable, continue lisinopril.\n", "Z00.00"),
        (ADULT + "2. Hypothyroidism, newly found. Start levothyroxine 50 mcg.\n", "Z00.01"),
    ],
)
def test_examinations(coder: Coder, text: str, expected: str) -> None:
    disposition, _ = coder.code_encounter(Encounter(id="e", notes=(Note(id="n", text=text),)), outpatient())
    assert [one.code for one in disposition.report.coded.assignments if one.code.startswith("Z00")] == [expected]
