"""Guideline cases as encounters: who wrote what decides what is coded (ICD-10-CM Official Guidelines I.B.13, I.B.14, III.B, IV.H, IV.K)."""

from __future__ import annotations

import itertools
import json
from datetime import date
from pathlib import Path

import pytest

from fhir_coder.code_ranges import covered, parse_ranges
from fhir_coder.coding.policy import outpatient
from fhir_coder.model import Authority, CodedEncounter, Disposition, Encounter, Note, Patient
from fhir_coder.pipeline import Coder

GOLDEN = json.loads((Path(__file__).parent / "golden" / "notes.json").read_text(encoding="utf-8"))
STANDS_ALONE = parse_ranges("Z55-Z65, Z28.3")
ALLOWED = parse_ranges("Z55-Z65, Z28.3, Z68, R40.2, R29.7, Y90")

HYPERTENSION = ("provider", "Assessment and Plan:\n1. Essential hypertension, continue lisinopril.\n")
OBESITY = ("provider", "Assessment and Plan:\n1. Class 1 obesity: diet counselling.\n")
BMI = ("clinician", "Nursing intake\nVitals: BP 132/80, BMI 34.2\n")
HEART_FAILURE = ("clinician", "Nursing note\nAssessment: CHF. Needs teaching on fluid balance.\n")
GLUCOSE = ("results", "Laboratory report\nGlucose 250 mg/dL (H). Hyperglycemia.\n")
ULCER = ("provider", "Assessment and Plan:\n1. Sacral pressure ulcer, offloading.\n")
STAGE_2 = ("provider", "Assessment and Plan:\n1. Stage 2 sacral pressure ulcer, offloading.\n")
STAGE_3 = ("clinician", "Wound care nurse: Sacral pressure ulcer stage 3, 2 x 3 cm.\n")
KNEE = ("provider", "Assessment and Plan:\n1. Knee pain, ice and ibuprofen.\n")
RIGHT_KNEE = ("provider", "Assessment and Plan:\n1. Right knee pain, ice and ibuprofen.\n")
LEFT_KNEE = ("clinician", "Nursing intake: Here for left knee pain.\n")
HOMELESS = ("clinician", "Nursing assessment\nAssessment: Homelessness. Food insecurity.\n")
STROKE = ("provider", "Assessment and Plan:\n1. Acute ischemic stroke, to the emergency department.\n")
STROKE_SCALE = ("clinician", "Triage nurse: NIHSS score 7.\n")
ALCOHOL = ("provider", "Assessment and Plan:\n1. Alcohol abuse, counselled.\n")
ALCOHOL_LEVEL = ("clinician", "Nurse: blood alcohol level 130 mg/dL.\n")
STUDENT = ("clinician-unsigned", "Medical student note\nAssessment: 1. Type 2 diabetes. 2. COPD.\n")
FRACTURE = (
    "X-ray left wrist\nIndication: Left wrist pain after a fall.\nFindings: Transverse fracture of the distal radius.\n"
    "Impression: Fracture of the left distal radius.\n"
)
PNEUMONIA = "CT chest\nIndication: cough.\nImpression: Findings consistent with pneumonia.\n"
ABDOMEN = "CT abdomen\nIndication: Right lower quadrant pain.\nImpression:\n1. Acute appendicitis.\n2. Incidental simple cyst of the left kidney.\n"
CYST = "CT abdomen\nIndication: Right lower quadrant pain.\nImpression:\n1. Incidental simple cyst of the left kidney.\n"
NORMAL = "CT abdomen\nIndication: Right lower quadrant pain.\nImpression: No acute findings.\n"
PAIN = ("provider", "Assessment and Plan:\n1. Right lower quadrant pain, CT today.\n")
APPENDICITIS = ("provider", "Assessment and Plan:\n1. Acute appendicitis, refer to surgery.\n")
CYST_ADDRESSED = ("provider", "Assessment and Plan:\n1. Acute appendicitis, refer to surgery.\n2. Renal cyst, ultrasound in a year.\n")
DIETITIAN = ("clinician", "Dietitian note\nAssessment: Severe protein-calorie malnutrition. BMI 17.2\n")
MALNUTRITION = ("provider", "Assessment and Plan:\n1. Severe malnutrition, supplements.\n")
QUESTIONNAIRE = ("clinician", "Patient questionnaire, reviewed with the nurse\nAssessment: Homelessness.\n")
HEMOGLOBIN = ("results", "Hemoglobin 8.9 g/dL (L). Anemia.\n")
ANEMIA = ("provider", "Assessment and Plan:\n1. Anemia.\n")
BIOPSY = "Surgical pathology\nFinal diagnosis:\nSkin, left cheek, shave\nActinic keratosis.\n"


def note(number: int, kind: str, text: str) -> Note:
    authority, _, unsigned = kind.partition("-")
    return Note(f"n{number}", text, authority=Authority(authority), is_signed=not unsigned)


def code(coder: Coder, *notes: tuple[str, str]) -> Disposition:
    made = tuple(note(number, *one) for number, one in enumerate(notes, 1))
    return coder.code_encounter(Encounter("e1", made, service_date=date(2026, 5, 4)), outpatient())[0]


def assigned(coded: CodedEncounter) -> set[str]:
    return {one.code for one in coded.assignments}


@pytest.mark.parametrize(
    ("notes", "codes", "rejected"),
    [
        pytest.param((OBESITY, BMI), {"E66.811", "Z68.34"}, {}, id="a nurse's body mass index beside the provider's obesity"),
        pytest.param((BMI, OBESITY), {"E66.811", "Z68.34"}, {}, id="whatever the order of the notes"),
        pytest.param((HYPERTENSION, BMI), {"I10"}, {"Z68.34": "not-providers"}, id="no obesity, no body mass index"),
        pytest.param((HYPERTENSION, HEART_FAILURE), {"I10"}, {"I50.9": "not-providers"}, id="a nurse's diagnosis"),
        pytest.param((HEART_FAILURE,), set(), {"I50.9": "not-providers"}, id="a nurse's diagnosis alone"),
        pytest.param((HYPERTENSION, GLUCOSE), {"I10"}, {"R73.9": "laboratory-value"}, id="a laboratory value"),
        pytest.param((ULCER, STAGE_3), {"L89.153"}, {}, id="a nurse's stage of the provider's ulcer"),
        pytest.param((STAGE_2, STAGE_3), {"L89.152"}, {"L89.153": "not-providers"}, id="the provider's stage stands against the nurse's"),
        pytest.param((HYPERTENSION, STAGE_3), {"I10"}, {"L89.153": "not-providers"}, id="a nurse's ulcer"),
        pytest.param((KNEE, LEFT_KNEE), {"M25.562"}, {}, id="a nurse's side of the provider's pain"),
        pytest.param((RIGHT_KNEE, LEFT_KNEE), {"M25.561"}, {"M25.562": "not-providers"}, id="the provider's side stands"),
        pytest.param((HYPERTENSION, LEFT_KNEE), {"I10"}, {"M25.562": "not-providers"}, id="a nurse's pain"),
        pytest.param((HYPERTENSION, HOMELESS), {"I10", "Z59.00", "Z59.41"}, {}, id="social determinants"),
        pytest.param(
            (HYPERTENSION, ("clinician-unsigned", HOMELESS[1])),
            {"I10"},
            {"Z59.00": "not-providers", "Z59.41": "not-providers"},
            id="social determinants that nobody signed",
        ),
        pytest.param((STROKE, STROKE_SCALE), {"I63.9", "R29.707"}, {}, id="a nurse's stroke scale beside the provider's stroke"),
        pytest.param((HYPERTENSION, STROKE_SCALE), {"I10"}, {"R29.707": "not-providers"}, id="a stroke scale without a stroke"),
        pytest.param((ALCOHOL, ALCOHOL_LEVEL), {"F10.10", "Y90.6"}, {}, id="a blood alcohol level"),
        pytest.param((HYPERTENSION, ALCOHOL_LEVEL), {"I10"}, {"Y90.6": "not-providers"}, id="a blood alcohol level alone"),
        pytest.param((STUDENT,), set(), {"E11.9": "not-providers", "J44.9": "not-providers"}, id="an unsigned student's note"),
        pytest.param((("report", FRACTURE),), {"S52.502A", "W19.XXXA"}, {"M25.532": "integral-symptom"}, id="a signed imaging report"),
        pytest.param((("report-unsigned", FRACTURE),), set(), {"S52.502A": "unsigned-report"}, id="an unsigned imaging report"),
        pytest.param((("report", PNEUMONIA),), {"R05.9"}, {"J18.9": "uncertain"}, id="a report that is not certain codes its reason"),
        pytest.param(
            (("report", ABDOMEN),), {"K35.80", "N28.1"}, {"R10.31": "integral-symptom"}, id="an incidental finding beside a diagnosis"
        ),
        pytest.param((("report", CYST),), {"R10.31", "N28.1"}, {}, id="an incidental finding explains no symptom"),
        pytest.param((("report", NORMAL),), {"R10.31"}, {}, id="a study that found nothing codes its reason"),
        pytest.param((PAIN, ("report", ABDOMEN)), {"R10.31", "K35.80"}, {"N28.1": "not-addressed"}, id="an incidental finding at a visit"),
        pytest.param(
            (APPENDICITIS, ("report", ABDOMEN)),
            {"K35.80"},
            {"N28.1": "not-addressed", "R10.31": "integral-symptom"},
            id="a diagnosis of both",
        ),
        pytest.param(
            (CYST_ADDRESSED, ("report", ABDOMEN)), {"K35.80", "N28.1"}, {}, id="an incidental finding that the provider addresses"
        ),
        pytest.param((HYPERTENSION, ("report", NORMAL)), {"I10"}, {"R10.31": "integral-symptom"}, id="a study's reason is no visit's"),
        pytest.param(
            (HYPERTENSION, DIETITIAN), {"I10"}, {"E43": "not-providers", "Z68.1": "not-providers"}, id="a dietitian's malnutrition"
        ),
        pytest.param((MALNUTRITION, DIETITIAN), {"E43", "Z68.1"}, {}, id="the provider's malnutrition, the dietitian's index"),
        pytest.param((HYPERTENSION, QUESTIONNAIRE), {"I10", "Z59.00"}, {}, id="what a patient reports and a clinician signs"),
        pytest.param(
            (HYPERTENSION, ("clinician-unsigned", QUESTIONNAIRE[1])),
            {"I10"},
            {"Z59.00": "not-providers"},
            id="what a patient reports alone",
        ),
        pytest.param((HYPERTENSION, HEMOGLOBIN), {"I10"}, {"D64.9": "laboratory-value"}, id="a low hemoglobin"),
        pytest.param((ANEMIA, HEMOGLOBIN), {"D64.9"}, {}, id="the provider's anemia beside a low hemoglobin"),
        pytest.param((("provider", STUDENT[1]),), {"E11.9", "J44.9"}, {}, id="a student's note that the provider cosigned"),
        pytest.param((("report", BIOPSY),), {"L57.0"}, {}, id="a pathology report codes what it names, not what is like it"),
        pytest.param((HYPERTENSION, ("unknown", KNEE[1])), {"I10", "M25.569"}, {}, id="a note of unknown hand"),
    ],
)
def test_who_wrote_what(coder: Coder, notes: tuple, codes: set[str], rejected: dict[str, str]) -> None:
    coded = code(coder, *notes).report.coded
    assert assigned(coded) == codes
    reasons = {one.code: one.reason.value for one in coded.rejected}
    assert {one: reasons.get(one) for one in rejected} == rejected


@pytest.mark.parametrize(
    ("notes", "reasons"),
    [
        ((("unknown", HYPERTENSION[1]),), {"author-unknown"}),
        ((("unknown-unsigned", HYPERTENSION[1]),), {"author-unknown", "signature-unknown"}),
        ((("provider-unsigned", HYPERTENSION[1]),), {"signature-unknown"}),
        ((HYPERTENSION, ("clinician-unsigned", BMI[1])), {"signature-unknown"}),
        ((HYPERTENSION, ("report-unsigned", FRACTURE)), {"signature-unknown"}),
        ((HYPERTENSION, ("results-unsigned", GLUCOSE[1])), set()),
        ((HYPERTENSION, BMI), set()),
    ],
)
def test_unknown_hands_and_signatures_never_pass(coder: Coder, notes: tuple, reasons: set[str]) -> None:
    found = {reason.code for reason in code(coder, *notes).reasons}
    assert found & {"author-unknown", "signature-unknown"} == reasons


@pytest.mark.parametrize(
    ("notes", "codes", "names"),
    [
        ((STAGE_2, STAGE_3), ("L89.152",), {"clinician-conflict"}),
        ((("provider", "Vitals: BMI 31.0\n" + OBESITY[1]), BMI), ("Z68.31",), {"clinician-conflict"}),
        ((OBESITY, ("clinician", "Vitals: BMI 31.0\n"), BMI), ("Z68.31",), {"clinician-conflict"}),
        ((RIGHT_KNEE, LEFT_KNEE), ("M25.561",), {"clinician-side"}),
        ((KNEE, LEFT_KNEE), None, set()),
        ((HYPERTENSION, LEFT_KNEE), None, set()),
    ],
)
def test_a_conflict_between_clinicians_is_the_providers_to_settle(
    coder: Coder, notes: tuple, codes: tuple[str, ...] | None, names: set[str]
) -> None:
    disposition = code(coder, *notes)
    found = [finding for finding in disposition.report.findings if finding.name.startswith("clinician-")]
    assert [finding.codes for finding in found] == ([codes] if codes else [])
    assert {finding.name for finding in found} == names
    # The other side may be affected as well: said, but no reason for review by itself.
    assert {reason.code for reason in disposition.reasons} & {"clinician-conflict", "clinician-side"} == names - {"clinician-side"}


@pytest.mark.parametrize(
    ("plan", "codes"),
    [
        ("There is no family history of gastric cancer.", set()),
        ("Patient denies family history of colon cancer.", set()),
        ("No FH of breast cancer.", set()),
        ("Family history: negative for colon cancer.", set()),
        ("Family history of colon cancer, colonoscopy due.", {"Z80.0"}),
        ("Unvaccinated for COVID-19.", {"Z28.310"}),
        ("COVID-19 vaccination today.", {"Z23"}),
        ("COVID-19 test negative.", set()),
        ("Non-pressure chronic ulcer of the left heel.", {"L97.429"}),
        ("Left heel ulcer, non-pressure.", {"L97.429"}),
    ],
)
def test_what_is_denied_or_only_alike_makes_no_code(coder: Coder, plan: str, codes: set[str]) -> None:
    coded = code(coder, ("provider", f"Assessment and Plan:\n1. {plan}\n2. Essential hypertension.\n")).report.coded
    assert assigned(coded) == {"I10", *codes}


@pytest.mark.parametrize(
    "place", ["HPI: Here for blood pressure. {}", "Immunizations:\n- {}", "{}", "Health maintenance: {}", "Social history: {}"]
)
@pytest.mark.parametrize(
    "words",
    [
        "Unvaccinated for COVID-19.",
        "Unvaccinated against influenza and COVID-19.",
        "Declined COVID-19 vaccine.",
        "Declines COVID-19 vaccination today.",
        "COVID-19 booster due.",
        "Fully vaccinated against COVID-19.",
        "COVID-19 (Moderna) 3/2021.",
        "COVID-19: declined.",
    ],
)
def test_a_vaccine_is_no_infection(coder: Coder, place: str, words: str) -> None:
    coded = code(coder, ("provider", f"{place.format(words)}\n{HYPERTENSION[1]}")).report.coded
    assert assigned(coded) - {"Z28.310", "Z28.21"} == {"I10"}


@pytest.mark.parametrize(
    ("plan", "codes"),
    [
        ("Declined COVID-19 vaccine.", {"Z28.21"}),
        ("Declines COVID-19 vaccination today.", {"Z28.21"}),
        ("Fully vaccinated against COVID-19.", set()),
        ("COVID-19 booster due.", set()),
        ("COVID-19 (Moderna) given elsewhere.", set()),
        ("COVID-19, Paxlovid declined.", {"U07.1"}),
    ],
)
def test_a_vaccine_in_the_plan_is_no_infection(coder: Coder, plan: str, codes: set[str]) -> None:
    text = f"Assessment and Plan:\n1. {plan}\n2. Essential hypertension.\n"
    encounter = Encounter("e1", (Note("n1", text),), Patient(birth_date=date(1970, 1, 1)), service_date=date(2026, 5, 4))
    assert assigned(coder.code_encounter(encounter, outpatient())[0].report.coded) == {"I10", *codes}


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden["name"])
def test_what_nobody_accountable_wrote_makes_no_diagnosis(coder: Coder, golden: dict) -> None:
    for kind in ("clinician", "results", "report-unsigned"):
        stands_alone = STANDS_ALONE if kind == "clinician" else ()
        assert [one for one in assigned(code(coder, (kind, golden["text"])).report.coded) if not covered(one, stands_alone)] == []


@pytest.mark.parametrize(("provider", "nurse"), list(itertools.pairwise(GOLDEN)), ids=lambda golden: golden["name"])
def test_a_nurses_note_adds_only_what_the_table_allows(coder: Coder, provider: dict, nurse: dict) -> None:
    alone = assigned(code(coder, ("provider", provider["text"])).report.coded)
    together = code(coder, ("provider", provider["text"]), ("clinician", nurse["text"])).report.coded
    for one in together.assignments:
        by_nurse = {evidence.note_id for evidence in one.evidence} == {"n2"}
        assert one.code in alone or not by_nurse or covered(one.code, ALLOWED), one.code


def test_an_incidental_finding_is_never_first_listed(coder: Coder) -> None:
    for report in (ABDOMEN, CYST, "Chest X-ray\nIndication: Cough.\nImpression: Incidental hiatal hernia. Right lower lobe pneumonia.\n"):
        assert [one.code for one in code(coder, ("report", report)).report.coded.assignments][-1] in {"N28.1", "K44.9"}


def test_a_completed_code_rests_on_the_providers_words_and_the_clinicians(coder: Coder) -> None:
    (pain,) = code(coder, KNEE, LEFT_KNEE).report.coded.assignments
    assert [evidence.note_id for evidence in pain.evidence] == ["n1", "n2"]
    assert "another clinician" in pain.explanation and "I.B.13" in pain.explanation


def test_a_problem_that_only_a_nurse_lists_is_none_left_uncoded(coder: Coder) -> None:
    odd = "Nursing note\nAssessment: 1. Zorbitic weeping of the frond. 2. CHF.\n"
    assert code(coder, HYPERTENSION, ("clinician", odd)).report.coded.uncoded == ()
    assert code(coder, HYPERTENSION, ("provider", odd)).report.coded.uncoded


def test_a_nurses_note_changes_nothing_of_the_providers_codes(coder: Coder) -> None:
    alone = code(coder, HYPERTENSION).report.coded.assignments
    denied = ("clinician", "Nursing note\nDenies hypertension. Patient has no hypertension.\n")
    together = code(coder, HYPERTENSION, HEART_FAILURE, GLUCOSE, denied).report.coded.assignments
    assert [(one.code, one.probability) for one in alone] == [(one.code, one.probability) for one in together]
