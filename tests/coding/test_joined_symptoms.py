"""Symptoms of one problem that has no certain diagnosis are all coded; those that are denied, over, advised or accounted for are not."""

from __future__ import annotations

import pytest

from fhir_coder.coding.policy import outpatient
from fhir_coder.model import Encounter, Note
from fhir_coder.pipeline import Coder


def symptoms_of(coder: Coder, assessment: str, history: str = "HPI: seen today.\n") -> set[str]:
    """The codes of chapter 18 that a note with this assessment gets."""
    text = f"{history}\nAssessment and Plan:\n{assessment}\n"
    coded = coder.code_encounter(Encounter(id="e", notes=(Note(id="n", text=text),)), outpatient())[0].report.coded
    return {one.code for one in coded.assignments if one.code.startswith("R")}


@pytest.mark.parametrize(
    ("assessment", "codes"),
    [
        ("1. Vomiting with fever. Possible appendicitis, CT abdomen today.", "R11.10 R50.9"),
        ("1. Headache and fever, suspect sinusitis.", "R51.9 R50.9"),
        ("1. Chest pain with shortness of breath. Rule out pulmonary embolism, to the ED.", "R07.9 R06.02"),
        ("1. Abdominal pain accompanied by diarrhea. Possible IBD; GI referral.", "R10.9 R19.7"),
        ("1. Cough associated with wheezing. Possible asthma, spirometry ordered.", "R05.9 R06.2"),
        ("1. Palpitations with syncope. Holter. Possible arrhythmia.\n2. Hypertension, stable on lisinopril.", "R00.2 R55"),
        ("1. Type 2 diabetes, stable on metformin.\n2. Cough with fever. Probable pneumonia, X-ray.", "R05.9 R50.9"),
        ("Fever with rash, rule out measles. Titers sent.", "R50.9 R21"),
    ],
)
def test_each_symptom_of_an_uncertain_problem_is_coded(coder: Coder, assessment: str, codes: str) -> None:
    assert symptoms_of(coder, assessment) == set(codes.split())


@pytest.mark.parametrize(
    "assessment",
    [
        "1. Acute cough, no fever. Likely bronchitis.",
        "1. Acute cough without fever. Likely bronchitis.",
        "1. Acute cough with fever, which resolved on Tuesday. Probable viral illness.",
        "1. Acute cough with fever that has since resolved. Probable viral illness.",
        "1. Acute cough, return if fever. Likely bronchitis.",
        "1. Acute cough with possible fever. Likely bronchitis.",
        "1. Acute cough. Her son has a fever. Likely bronchitis.",
        "1. Acute cough or fever would be a reason to call. Likely bronchitis.",
        "1. Pneumonia with fever and cough. Azithromycin.",
        "1. Influenza A with fever. Oseltamivir.",
        "1. Influenza A.\n2. Acute cough and fever. Fluids.",
    ],
)
def test_no_fever_that_is_not_there_or_is_accounted_for(coder: Coder, assessment: str) -> None:
    assert "R50.9" not in symptoms_of(coder, assessment, "HPI: Cough for five days, fever at first.\n")


def test_nothing_is_joined_to_a_diagnosis(coder: Coder) -> None:
    assert symptoms_of(coder, "1. Migraine with nausea. Sumatriptan.") == set()
