"""Reasons for an encounter: what notes are and what was done, and what only sounds like it."""

from __future__ import annotations

import pytest

from fhir_coder.model import Encounter, Note
from fhir_coder.reading.encounter_reasons import find_encounter_reasons
from fhir_coder.reading.sections import find_sections


def _codes(text: str) -> set[str]:
    sections = find_sections(Encounter(id="e", notes=(Note(id="n", text=text),))).sections
    return {term.codes[0] for term in find_encounter_reasons(text, sections)}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ANNUAL PHYSICAL\n50 yo man.", "Z00.00"),
        ("CC: here for a yearly check-up", "Z00.00"),
        ("Medicare wellness visit", "Z00.00"),
        ("9 yr WCC. No concerns.", "Z00.129"),
        ("15 MONTH WELL VISIT", "Z00.129"),
        ("A: Healthy 9 yo. Growth normal.", "Z00.129"),
        ("NEWBORN VISIT day 4. Baby girl.", "Z00.110"),
        ("Plan: HPV #1 given today.", "Z23"),
        ("Plan: Tdap updated.", "Z23"),
        ("P: Received flu shot and COVID booster today", "Z23"),
        ("A: vaccinations up to date, flu shot today", "Z23"),
        ("36w0d G1P0. No complaints bar tired feet.", "Z34.00"),
        ("G3P2 at 20 weeks, routine visit", "Z34.80"),
        ("6 weeks s/p left TKA, doing well", "Z47.1"),
        ("A/P: mammogram ordered, flu shot declined", "Z12.31"),
        ("Plan: FIT kit given today for colorectal screening.", "Z12.11"),
        ("Plan: Pap collected today.", "Z12.4"),
        ("Plan: annual PSA", "Z12.5"),
        ("Plan: LDCT ordered, shared decision making done.", "Z12.2"),
        ("Full body skin exam done today.", "Z12.83"),
        ("Plan: PHQ-9 negative today.", "Z13.31"),
        ("Edinburgh score 3", "Z13.32"),
        ("Plan: screening lipids and A1c today.", "Z13.220"),
        ("Plan: screening lipids and A1c today.", "Z13.1"),
        ("Plan: DEXA ordered, age 65.", "Z13.820"),
        ("Plan: one-time HIV and hep C screening.", "Z11.4"),
        ("Plan: PPD placed for work.", "Z11.1"),
        ("Plan: QuantiFERON drawn before biologic.", "Z11.7"),
        ("M-CHAT: low risk.", "Z13.41"),
        ("ASQ-3 completed, passed all domains.", "Z13.42"),
        ("Partner tested positive for chlamydia.", "Z20.2"),
        ("Plan: offered COVID booster, patient declines.", "Z28.21"),
        ("Plan: Mother declines MMR.", "Z28.82"),
        ("Plan: Nexplanon placed in left arm today.", "Z30.017"),
        ("Plan: Nexplanon removed without difficulty.", "Z30.46"),
        ("Sutures removed today, wound well healed.", "Z48.02"),
        ("A: 10 days post appendectomy, healing well.", "Z48.815"),
        ("A: 3 weeks s/p rotator cuff repair", "Z47.89"),
        ("Plan: Foley exchanged 16 Fr.", "Z46.6"),
        ("Plan: port flushed with heparin.", "Z45.2"),
        ("Plan: INR 2.4, continue warfarin.", "Z51.81"),
        ("Plan: biopsy offered, patient declined.", "Z53.20"),
        ("Often runs out of food before the end of the month.", "Z59.41"),
        ("Missed visits for lack of a ride.", "Z59.82"),
        ("Lost his job in March.", "Z56.0"),
        ("Her husband passed away 6 weeks ago.", "Z63.4"),
        ("Plan: counseled on low salt diet.", "Z71.3"),
        ("Plan: counseled on smoking cessation, 5 minutes.", "Z71.6"),
        ("Plan: start PrEP with Truvada.", "Z29.81"),
        ("Here for refills, no complaints.", "Z76.0"),
        ("Stopped insulin because he cannot afford it.", "Z91.120"),
        ("Skips her metformin most days.", "Z91.148"),
        ("CAD s/p stent 2019", "Z95.5"),
        ("left THA 2016, now groin pain", "Z96.642"),
        ("Wears Omnipod for T1DM.", "Z96.41"),
        ("COPD, on 2 L home oxygen", "Z99.81"),
        ("s/p gastric bypass 2016", "Z98.84"),
        ("kidney transplant 2015, stable", "Z94.0"),
        ("Plan: flu shot declined.", "Z28.21"),
        ("PSH: left TKA 10 years ago", "Z96.652"),
        ("Sports physical", "Z02.5"),
        ("Plan: PCV20 0.5 mL IM, R deltoid, given.", "Z23"),
        ("Hep A #1 given. Tdap current 2022", "Z23"),
        ("Plan: MenACWY out of stock.", "Z28.83"),
        ("Immunization record: behind, no doses since 4 months.", "Z28.39"),
        ("HRIG 20 IU/kg infiltrated around the wound.", "Z29.14"),
        ("Pre-travel. Imp: malaria chemoprophylaxis", "Z29.89"),
        ("gf tested pos for chlamydia tuesday", "Z20.2"),
        ("Needlestick, source HIV positive.", "Z20.6"),
        ("Latent TB, active disease excluded", "Z22.7"),
        ("MEDICARE ANNUAL WELLNESS (subsequent)", "Z00.00"),
        ("NEWBORN WEIGHT CHECK - DOL 5", "Z00.110"),
        ("Dx: Well-woman exam, abnormal finding of yeast", "Z01.411"),
        ("Truck driver, DOT card renewal.", "Z02.4"),
        ("Initial child welfare exam, in foster care.", "Z02.84"),
        ("Acceptable risk for the operation.", "Z01.818"),
        ("Plan: DMPA 150 mg IM given, first dose ever.", "Z30.013"),
        ("No-scalpel vasectomy, both vasa cauterized.", "Z30.2"),
        ("IUD in place, checked, good to 2030", "Z30.431"),
        ("Old IUD removed, new Mirena placed.", "Z30.433"),
        ("Spinal cord stimulator reprogrammed here with rep.", "Z45.42"),
        ("PICC: dressing changed here, flushed.", "Z45.2"),
        ("Pacer battery near ERI.", "Z45.010"),
        ("2 wk postop visit R TKA. Incision clean.", "Z47.1"),
        ("POD 1 cataract surgery OD.", "Z48.810"),
        ("Colon cancer, C5D1 FOLFOX today.", "Z51.11"),
        ("NSCLC, pembrolizumab given today.", "Z51.12"),
        ("BRCA1 c.68_69del, pathogenic", "Z15.01"),
        ("Left breast cancer, hormone receptor positive and HER2 negative", "Z17.411"),
        ("Follow-up after pneumonia, resolved.", "Z09"),
    ],
)
def test_told(text: str, code: str) -> None:
    assert code in _codes(text)


@pytest.mark.parametrize(
    "text",
    [
        "Plan: Tdap due next visit.",
        "Plan: vaccines up to date.",
        "Plan: influenza swab negative today",
        "Plan: allergic to the tetanus vaccine given in 2010",
        "Plan: return for annual physical next year",
        "Last annual physical was in 2020",
        "G2P2 s/p SVD 6 weeks ago",
        "Dilated eye exam due",
        "Discussed TKA; 6 weeks of therapy first",
        "Plan: mammogram up to date, done last year.",
        "Plan: diagnostic mammogram ordered for right breast lump.",
        "Plan: Cologuard positive, refer to GI.",
        "Plan: pap smear due next visit.",
        "Plan: does not qualify for LDCT screening.",
        "Plan: osteopenia, repeat DEXA scheduled",
        "Plan: return in 10 days for suture removal.",
        "PSH: appendectomy 20 years ago",
        "A: fever 5 days after appendectomy",
        "A: 3 weeks after ACL tear",
        "Never runs out of food.",
        "Husband died 12 years ago.",
        "Plan: bowel prep instructions for colonoscopy",
        "PSH: ureteral stent 2019",
        "Plan: right TKA scheduled for May",
        "Plan: interested in insulin pump",
        "SpO2 97% on room air, no oxygen",
        "Plan: consider gastric bypass",
        "No missed doses.",
        "On list for kidney transplant",
        "Denies STI exposure",
        "Plan: Tdap not given today.",
        "Rapid flu given today negative.",
        "Steroid shot given today in the knee.",
        "Given RSV season, avoid crowds.",
        "Mirena placed 2021",
        "Husband has a CT scan tomorrow.",
        "Wet macular degeneration, bevacizumab given today.",
        "Right heart catheter removed.",
        "Swallowed button removed.",
        "Mother BRCA1 positive.",
    ],
)
def test_only_sounds_like_it(text: str) -> None:
    assert _codes(text) == set()


@pytest.mark.parametrize(("text", "code"), [("Plan: flu shot declined.", "Z23"), ("PSH: left TKA 10 years ago", "Z47.1")])
def test_says_another_thing(text: str, code: str) -> None:
    assert code not in _codes(text)
