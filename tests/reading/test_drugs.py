"""Medicines that notes name: which are found, which are in long-term use, and what they are told to have done."""

from __future__ import annotations

import pytest

from fhir_coder.coding.policy import outpatient
from fhir_coder.model import Encounter, Note
from fhir_coder.pipeline import Coder
from fhir_coder.reading.drug_effects import find_drug_effects
from fhir_coder.reading.drug_use import find_long_term_use
from fhir_coder.reading.medicines import find_medicines, medicines
from fhir_coder.reading.sections import find_sections
from terminology.codebook import Codebook
from terminology.release import Release


def _encounter(text: str) -> Encounter:
    return Encounter(id="e", notes=(Note(id="n", text=text),))


def _long_term(text: str) -> list[str]:
    return sorted({term.codes[0] for term in find_long_term_use(text, find_sections(_encounter(text)).sections)})


def _effects(text: str, *conditions: str) -> list[str]:
    """Codes with their words, the ``conditions`` being what the dictionary knows."""
    spans = [(text.lower().index(words.lower()), text.lower().index(words.lower()) + len(words)) for words in conditions]
    return [term.codes[0] for term in find_drug_effects(text, find_sections(_encounter(text)).sections, spans)]


def test_every_code_exists(codebook: Codebook) -> None:
    """A stem is one to which both an adverse effect and an underdosing belong."""
    for medicine in set(medicines().values()):
        assert not medicine.long_term or codebook.is_billable(medicine.long_term), medicine
        assert medicine.stem + "5" in codebook, medicine
        assert medicine.stem + "6" in codebook, medicine


def test_there_are_many() -> None:
    assert len(set(medicines().values())) > 700
    assert len(medicines()) > 2000


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Eliquis 5 mg and coumadine", ["apixaban", "warfarin"]),
        ("insulin glargine 10 units", ["insulin-glargine"]),
        ("amox-clav for ten days", ["amoxicillin-clavulanate"]),
        ("lisinopril/HCTZ", ["lisinopril-hctz"]),
        ("on ART", ["tenofovir"]),
        ("likes art", []),
        ("ASA class II", []),
        ("ASA 81 daily", ["aspirin"]),
        ("pre-metformin value", []),
        ("metforminlike", []),
    ],
)
def test_names(text: str, ids: list[str]) -> None:
    found = [one.medicine.id for one in find_medicines(text)]
    if ids in (["tenofovir"], ["lisinopril-hctz"]):  # named by their class
        assert len(found) == 1
    else:
        assert found == ids


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("HPI: She has taken no chances and is on warfarin for her valve.", ["Z79.01"]),
        ("Medications: rivaroxaban 20 mg, lisinopril 10 mg", ["Z79.01"]),
        ("MEDICATIONS\nclopidogrel 75 mg daily\natorvastatin 40 mg", ["Z79.02"]),
        ("Assessment: AF. Eliquis unchanged.", ["Z79.01"]),
        ("Plan: Aspirin 81 for life after the stroke.", ["Z79.82"]),
        ("Plan: Continue aspirin 81 mg.", ["Z79.82"]),
        ("Assessment: Prior bypass - lifelong aspirin.", ["Z79.82"]),
        ("Plan: continue meloxicam 15 mg daily", ["Z79.1"]),
        ("Plan: continue nitrofurantoin 50 mg nightly for prophylaxis", ["Z79.2"]),
        ("Plan: Continue glargine 20 units and metformin 1000 mg.", ["Z79.4", "Z79.84"]),
        ("Plan: Increase Ozempic to 1 mg weekly.", ["Z79.85"]),
        ("Plan: Start semaglutide 0.25 mg weekly.", ["Z79.85"]),
        ("Plan: Refill Symbicort.", ["Z79.51"]),
        ("HPI: Taking prednisone 7.5 mg for her vasculitis.", ["Z79.52"]),
        ("HPI: He is on Humira every other week.", ["Z79.620"]),
        ("HPI: on tacrolimus 2 mg bid, mycophenolate 500 mg bid.", ["Z79.621", "Z79.624"]),
        ("Plan: stay on Xeljanz.", ["Z79.622"]),
        ("Plan: Keep sirolimus.", ["Z79.623"]),
        ("Meds: MTX 15 mg weekly, folic acid", ["Z79.631"]),
        ("Plan: leflunomide refilled.", ["Z79.69"]),
        ("Plan: Continue tamoxifen.", ["Z79.810"]),
        ("HPI: She takes letrozole nightly.", ["Z79.811"]),
        ("Assessment: prostate cancer on leuprolide.", ["Z79.818"]),
        ("Plan: continue alendronate 70 mg weekly", ["Z79.83"]),
        ("Plan: Continue estradiol patch.", ["Z79.890"]),
        ("Plan: Refilled oxycodone 5 mg #90, PDMP clean.", ["Z79.891"]),
        ("HPI: takes lithium 600 mg at night", ["Z79.899"]),
        ("HPI: well on levetiracetam 500 mg twice a day", ["Z79.899"]),
        ("Plan: continue PrEP.", ["Z79.899"]),
        ("Plan: No changes to levetiracetam.", ["Z79.899"]),
        ("Objective: insulin glargine 12, lispro 4 with meals.", ["Z79.4"]),
        ("Plan: Continue amiodarone 200 mg.", ["Z79.899"]),
        ("Plan: Hold warfarin 2 doses.", ["Z79.01"]),
        ("Plan: Clopidogrel stays.", ["Z79.02"]),
        ("Plan: semaglutide weekly pen started today.", ["Z79.85"]),
    ],
)
def test_long_term_use(text: str, codes: list[str]) -> None:
    assert _long_term(text) == codes


@pytest.mark.parametrize(
    "text",
    [
        "Plan: Start apixaban 5 mg twice a day.",
        "Plan: Stop warfarin.",
        "Plan: Hold methotrexate while infected.",
        "Plan: consider adalimumab if no better.",
        "Plan: Discussed alendronate, she declined.",
        "Allergies: metformin (diarrhea), insulin glargine",
        "Family history: mother on insulin and warfarin",
        "HPI: She was on tamoxifen until last year.",
        "HPI: He is not on insulin.",
        "HPI: No blood thinners.",
        "HPI: never took prednisone",
        "HPI: cannot take metformin",
        "Plan: We talked about Ozempic; she wants to think it over.",
        "Plan: If A1c > 8, metformin would be next.",
        "Plan: Norco 5/325 q6h prn #12.",
        "HPI: previously on Humira",
        "HPI: failed etanercept",
        "HPI: ran out of glipizide in May",
        "Plan: Prednisone 40 mg for 5 days.",
        "Plan: prednisone burst, azithromycin for 5 days",
        "Plan: amoxicillin 500 mg tid x 10 days",
        "Medications: ibuprofen 400 mg as needed",
        "Medications: oxycodone 5 mg prn",
        "HPI: takes naproxen now and then",
        "Medications: aspirin 81 mg",
        "Medications: lisinopril, atorvastatin, omeprazole, levothyroxine",
        "Results: lithium level 0.8",
        "Plan: Switch to lamotrigine.",
        "HPI: interested in insulin pump.",
        "Assessment: insulin resistance",
        "Plan: continue tacrolimus 0.1% ointment",
    ],
)
def test_no_long_term_use(text: str) -> None:
    assert _long_term(text) == []


@pytest.mark.parametrize(
    ("text", "condition", "code"),
    [
        ("Assessment: Hypokalemia due to chlorthalidone.", "hypokalemia", "T50.2X5"),
        ("Assessment: Leg edema from the amlodipine", "leg edema", "T46.1X5"),
        ("Assessment: Cough secondary to lisinopril.", "cough", "T46.4X5"),
        ("Assessment: Constipation 2/2 chronic oxycodone.", "constipation", "T40.2X5"),
        ("Assessment: Tremor caused by lithium", "tremor", "T43.595"),
        ("Assessment: Diarrhea, side effect of metformin.", "diarrhea", "T38.3X5"),
        ("Assessment: Statin-induced myalgia.", "myalgia", "T46.6X5"),
        ("Assessment: Methotrexate-related stomatitis.", "stomatitis", "T45.1X5"),
        ("Assessment: Steroid acne of the face", "acne", "T38.0X5"),
        ("Assessment: Rash after starting lamotrigine", "rash", "T42.6X5"),
        ("Assessment: gastritis attributed to ibuprofen", "gastritis", "T39.315"),
        ("Assessment: hypothyroidism due to amiodarone", "hypothyroidism", "T46.2X5"),
        ("Assessment: hypothyroidism due to pembrolizumab", "hypothyroidism", "T45.AX5"),
        ("Assessment: Dizziness on account of higher dose of gabapentin", "dizziness", "T42.6X5"),
        ("Assessment: tardive dyskinesia due to haloperidol", "tardive dyskinesia", "T43.4X5"),
        ("Assessment: anemia due to hydroxyurea", "anemia due to hydroxyurea", "T45.1X5"),
        ("Assessment: Tacrolimus tremor.", "tremor", "T45.1X5"),
        ("Assessment: Tremor, lithium-induced", "tremor", "T43.595"),
        ("Assessment: Leg swelling on amlodipine.", "swelling", "T46.1X5"),
        ("Plan: lisinopril d/c'd due to cough; losartan 50 mg.", "cough", "T46.4X5"),
        ("Plan: Stop sertraline for low libido.", "low libido", "T43.225"),
        ("HPI: Cough since starting lisinopril.\nPlan: Stop lisinopril.", "cough", "T46.4X5"),
        ("Assessment: Lip angioedema. I am attributing this to lisinopril.", "angioedema", "T46.4X5"),
        ("Assessment: rash of the trunk. I take it to be a reaction to methimazole.", "rash", "T38.2X5"),
        ("HPI: takes glipizide 10 mg.\nAssessment: drug induced hypoglycemia", "hypoglycemia", "T38.3X5"),
        ("Assessment: sore arm after flu shot", "sore arm", "T50.B95"),
    ],
)
def test_adverse_effect(text: str, condition: str, code: str) -> None:
    assert _effects(text, condition) == [code]


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("Assessment: Hypertension. Switch from lisinopril to losartan.", ["hypertension"]),
        ("Assessment: Back pain with some relief from ibuprofen.", ["back pain"]),
        ("Plan: Watch for bleeding from warfarin.", ["bleeding"]),
        ("Plan: risk of osteoporosis from prednisone reviewed.", ["osteoporosis"]),
        ("Assessment: Edema, likely from amlodipine.", ["edema"]),
        ("Assessment: Atrial fibrillation on warfarin.", ["atrial fibrillation"]),
        ("Assessment: Improved asthma. Stop montelukast.", ["asthma"]),
        ("Allergies: hives from penicillin", ["hives"]),
        ("Family history: myopathy from atorvastatin in father", ["myopathy"]),
        ("Plan: Discussed cough from lisinopril.", ["cough"]),
        ("Assessment: Insulin resistance.", ["resistance"]),
        ("Assessment: Asthma. Prednisone 40 mg.", ["asthma"]),
        ("Assessment: Reports a benefit from gabapentin", []),
        ("Assessment: anemia due to vitamin B12 deficiency", ["anemia"]),
        ("Assessment: Hypertension on prednisone.", ["hypertension"]),
        ("Assessment: menorrhagia, on apixaban.", ["menorrhagia"]),
        ("Assessment: Fatigue, may be due to metoprolol.", ["fatigue"]),
        ("Assessment: Plaquenil retinopathy screening.", ["retinopathy"]),
        ("HPI: Cough since starting lisinopril.\nPlan: Continue lisinopril.", ["cough"]),
    ],
)
def test_no_adverse_effect(text: str, conditions: list[str]) -> None:
    assert _effects(text, *conditions) == []


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Assessment: Hypertension uncontrolled, ran out of losartan because of cost.", ["T46.5X6", "Z91.120"]),
        ("Assessment: Asthma exacerbation, stopped taking Flovent as she felt fine.", ["T38.0X6", "Z91.128"]),
        ("Assessment: Diabetes not at goal, forgets to take metformin.", ["T38.3X6", "Z91.138"]),
        ("Assessment: Hypothyroidism worse, not taking levothyroxine.", ["T38.1X6", "Z91.148"]),
        ("HPI: He ran out of chlorthalidone.\nAssessment: Blood pressure elevated, off meds.", ["T50.2X6", "Z91.148"]),
        ("Assessment: Seizures after missed doses of phenytoin.", ["T42.0X6", "Z91.148"]),
        (
            "HPI: Stopped torsemide on her own, too many bathroom trips.\nAssessment: heart failure decompensated by stopping it.",
            ["T50.1X6", "Z91.128"],
        ),
        ("Assessment: Asthma exacerbation, rationed Flovent for cost.", ["T38.0X6", "Z91.120"]),
        (
            "6 yo. Mom gave Flovent every third day to stretch it.\nAssessment: asthma exacerbation by under-use of controller",
            ["T38.0X6", "Z91.A20"],
        ),
        ("Assessment: Hypothyroid, uncontrolled, frail, misses doses of levothyroxine.", ["T38.1X6", "Z91.130"]),
        ("Assessment: Depression worse, no missed doses of sertraline.", []),
        ("Assessment: Potassium high. I have stopped the spironolactone.", []),
        ("Assessment: accidental ingestion of clonidine", ["T46.5X1"]),
        ("Assessment: no overdose of clonidine", []),
        ("Assessment: Hypertension at goal, ran out of losartan last year.", []),
        ("HPI: She stopped taking sertraline last spring.\nAssessment: Depression in remission.", []),
        ("HPI: ran out of losartan.\nAssessment: Hypertension uncontrolled. Add amlodipine.", []),
        ("Assessment: Hypertension uncontrolled on losartan.", []),
    ],
)
def test_underdosing(text: str, codes: list[str]) -> None:
    assert _effects(text) == codes


def test_medicines_are_mentions_and_no_problems(coder: Coder, release: Release) -> None:
    """A medicine in a plan gives its codes and does not make its line a problem."""
    text = "Assessment and Plan:\n1. Type 2 diabetes\nContinue metformin.\n2. Ankle edema due to amlodipine\n"
    found = [assertion.mention for assertion in coder.read(_encounter(text), release, outpatient()).assertions]
    by_code = {code: mention.text for mention in found for code in mention.codes}
    assert by_code["Z79.84"] == "metformin"
    assert by_code["T46.1X5"] == "due to amlodipine"
    assert not any("metformin" in mention.text for mention in found if mention.is_problem_statement)
