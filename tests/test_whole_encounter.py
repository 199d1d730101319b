"""Several notes of one encounter: what is merged, what completes what, and what contradicts what goes to a person."""

from __future__ import annotations

from datetime import date

import pytest

from fhir_coder.coding.policy import outpatient
from fhir_coder.model import Authority, Disposition, Encounter, Note, Severity
from fhir_coder.pipeline import Coder

VISIT = ("provider", "CC: follow up\n\nAssessment and Plan:\n1. CKD, recheck creatinine.\n2. Type 2 diabetes, continue metformin.\n")
NEPHROLOGY = ("provider", "Nephrology consult\nAssessment:\n1. CKD stage 3b, eGFR 38. Start empagliflozin.\n")
DIABETES = ("provider", "Assessment and Plan:\n1. Type 2 diabetes, add glargine.\n")
NURSE = ("clinician", "Nursing note: Patient has type 2 diabetes and COPD.\n")
WRIST = ("provider", "CC: wrist pain\n\nAssessment and Plan:\n1. Wrist fracture, splint.\n")
COLLES = ("report", "X-ray left wrist\nImpression: Closed Colles fracture of the left radius.\n")
PNEUMONIA = (
    "provider",
    "CC: cough, fever\n\nAssessment and Plan:\n1. Pneumonia, start amoxicillin.\n2. Essential hypertension, continue lisinopril.\n",
)
RULED_OUT = ("provider", "Addendum: Chest x-ray read as clear. Pneumonia was ruled out. Stop amoxicillin.\n")
RIGHT_RADIUS = ("provider", "Assessment:\n1. Closed fracture of the right distal radius, splint applied.\n")
LEFT_RADIUS = ("provider", "Addendum: Correction to the note above. The fracture is of the left distal radius.\n")
RIGHT_KNEE = ("provider", "Assessment and Plan:\n1. Osteoarthritis of the right knee, injection.\n")
LEFT_KNEE = ("report", "X-ray left knee\nImpression: Primary osteoarthritis of the left knee.\n")
EMBOLISM = ("provider", "CC: chest pain\nAssessment and Plan:\n1. Pulmonary embolism, start apixaban.\n")
NO_EMBOLISM = ("report", "CT angiogram chest\nImpression: No evidence of pulmonary embolism.\n")
TWO_TYPES = ("provider", "PMH: type 1 diabetes\n\nAssessment and Plan:\n1. Type 2 diabetes, continue metformin.\n")
DENIED = ("provider", "HPI: No diabetes.\n\nAssessment and Plan:\n1. Type 2 diabetes, start metformin.\n")
RESOLVED = ("provider", "Assessment:\n1. Cellulitis of left leg\n\nPlan:\n1. Cellulitis has resolved, no more antibiotics.\n")
COPIED = (
    "provider",
    "CC: cough\n\nAssessment:\n1. Acute bronchitis\n2. GERD\n3. Psoriasis\n\nPlan:\nBenzonatate, fluids. Return if worse.\n",
)
CLEAN = (
    "provider",
    "HPI: Cough for a week.\nROS: denies fever, chest pain, headache.\n\nAssessment and Plan:\n1. Acute bronchitis, fluids.\n2. GERD, continue omeprazole.\n",
)


def code(coder: Coder, *notes: tuple[str, str]) -> Disposition:
    made = tuple(Note(f"n{number}", text, authority=Authority(kind)) for number, (kind, text) in enumerate(notes, 1))
    return coder.code_encounter(Encounter("e1", made, service_date=date(2026, 5, 4)), outpatient())[0]


def found(disposition: Disposition) -> dict[str, tuple[str, ...]]:
    """The findings about contradictions and care: id to the codes of the first."""
    asked = {"FCE-601", "FCE-610", "FCE-611", "FCE-612", "FCE-613", "FCE-614"}
    return {one.edit: one.codes for one in reversed(disposition.report.findings) if one.edit in asked}


def test_evidence_of_several_notes_stands_under_one_code(coder: Coder) -> None:
    coded = code(coder, VISIT, DIABETES, NURSE).report.coded
    codes = [one.code for one in coded.assignments]
    assert len(codes) == len(set(codes))
    diabetes = next(one for one in coded.assignments if one.code.startswith("E11"))
    assert {evidence.note_id for evidence in diabetes.evidence} >= {"n1", "n2"}
    assert "J44.9" not in codes


@pytest.mark.parametrize(
    ("notes", "detailed", "open_code"),
    [
        pytest.param((VISIT, NEPHROLOGY), "N18.32", "N18.9", id="the consultant's stage"),
        pytest.param((WRIST, COLLES), "S52.532A", "S52.509A", id="the report's kind of fracture"),
    ],
)
def test_another_note_completes_what_the_visit_left_open(
    coder: Coder, notes: tuple[tuple[str, str], ...], detailed: str, open_code: str
) -> None:
    disposition = code(coder, *notes)
    codes = {one.code for one in disposition.report.coded.assignments}
    assert detailed in codes
    assert open_code not in codes
    assert "FCE-601" not in found(disposition)


@pytest.mark.parametrize(
    ("notes", "edit", "codes"),
    [
        pytest.param((PNEUMONIA, RULED_OUT), "FCE-610", ("J18.9",), id="ruled out by an addendum"),
        pytest.param((EMBOLISM, NO_EMBOLISM), "FCE-610", ("I26.99",), id="denied by a report"),
        pytest.param((DENIED,), "FCE-610", ("E11.9",), id="denied by the history of the same note"),
        pytest.param((RESOLVED,), "FCE-610", ("L03.116",), id="resolved in the plan"),
        pytest.param((TWO_TYPES,), "FCE-611", ("E11.9",), id="type 1 in a list of the past"),
        pytest.param((RIGHT_KNEE, LEFT_KNEE), "FCE-612", ("M17.11", "M17.12"), id="the other side in a report"),
        pytest.param((RIGHT_RADIUS, LEFT_RADIUS), "FCE-614", (), id="a correction in an addendum"),
        pytest.param((COPIED,), "FCE-613", ("K21.9",), id="problems that nobody addressed"),
    ],
)
def test_what_only_a_person_can_settle_goes_to_review(
    coder: Coder, notes: tuple[tuple[str, str], ...], edit: str, codes: tuple[str, ...]
) -> None:
    disposition = code(coder, *notes)
    assert found(disposition)[edit] == codes
    finding = next(one for one in disposition.report.findings if one.edit == edit)
    assert finding.severity is Severity.BLOCKING
    assert finding.evidence
    assert not disposition.is_confident


def test_a_note_that_agrees_with_itself_has_none_of_these_findings(coder: Coder) -> None:
    assert found(code(coder, CLEAN)) == {}


def test_the_report_does_not_lead_the_claim(coder: Coder) -> None:
    """Its impression begins at a lower offset than the assessment of the visit."""
    visit = ("provider", "HPI: Wheeze for a week, worse at night.\n\nAssessment and Plan:\n1. COPD exacerbation, prednisone.\n")
    report = ("report", "Impression: Compression fracture of the T12 vertebra.\n")
    codes = [one.code for one in code(coder, report, visit).report.coded.assignments]
    assert codes[0] == "J44.1"
