"""Cutting notes into sections."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_coder.model import Encounter, Note, SectionHint, SectionKind
from fhir_coder.reading.headings import kind_for_loinc, rule_for_title
from fhir_coder.reading.sections import cut_note, find_sections

K = SectionKind


def cut(text: str) -> list[tuple[SectionKind, str]]:
    return [(section.kind, text[section.body_start : section.end].strip(" \n,")) for section in cut_note(Note("n", text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CHIEF COMPLAINT\n\nCough.", [(K.CHIEF_COMPLAINT, "Cough.")]),
        ("CC: cough\nHPI: for a week\nPMHx: HTN", [(K.CHIEF_COMPLAINT, "cough"), (K.HISTORY_OF_PRESENT_ILLNESS, "for a week"), (K.PAST_MEDICAL_HISTORY, "HTN")]),
        ("Assessment: 1. HTN 2. Gout\nPlan: rest", [(K.ASSESSMENT, "1. HTN 2. Gout"), (K.PLAN, "rest")]),
        ("Cough. Assessment: bronchitis. Plan: rest.", [(K.BODY, "Cough."), (K.ASSESSMENT, "bronchitis."), (K.PLAN, "rest.")]),
        ("SUBJECTIVE. Itching. ASSESSMENT. Vera, stable.\nPLAN. Rest.", [(K.SUBJECTIVE, "Itching."), (K.ASSESSMENT, "Vera, stable."), (K.PLAN, "Rest.")]),
        ("Cough.\nImpression. Gout.", [(K.BODY, "Cough."), (K.ASSESSMENT, "Gout.")]),
        ("Legs. Sore.\nPlan. Rest.", [(K.BODY, "Legs. Sore.\nPlan. Rest.")]),
        ("Cough.\nDr. Benoit's assessment:\n1. Gout", [(K.BODY, "Cough."), (K.ASSESSMENT, "1. Gout")]),
        ("Cough.\nImp/Plan\n1 - Gout", [(K.BODY, "Cough."), (K.ASSESSMENT_AND_PLAN, "1 - Gout")]),
        ("What happened: fell.\nWhat we think: sprain.\nWhat we'll do: rest.", [(K.HISTORY_OF_PRESENT_ILLNESS, "fell."), (K.ASSESSMENT, "sprain."), (K.PLAN, "rest.")]),
        ("## Subjective\nCough\n## A/P\nHTN", [(K.SUBJECTIVE, "Cough"), (K.ASSESSMENT_AND_PLAN, "HTN")]),
        ("**Assessment & Plan:** HTN", [(K.ASSESSMENT_AND_PLAN, "HTN")]),
        ("=== IMPRESSION ===\nGout", [(K.ASSESSMENT, "Gout")]),
        ("EXAM:,Clear.,IMPRESSION:,1.  Gout.,PLAN: ,Rest.", [(K.PHYSICAL_EXAM, "Clear."), (K.ASSESSMENT, "1.  Gout."), (K.PLAN, "Rest.")]),
        ("POSTOPERATIVE DIAGNOSIS,1. Gout.", [(K.DIAGNOSES, "1. Gout.")]),
        ("Preop Diagnosis: gout\nPostop Diagnosis: septic joint", [(K.REASON_FOR_VISIT, "gout"), (K.DIAGNOSES, "septic joint")]),
        ("Preoperative Diagnosis: gout\nProcedure: injection", [(K.DIAGNOSES, "gout"), (K.PROCEDURE, "injection")]),
        ("PHYSICAL EXAM\nNeck\nSupple.\nCardiovascular: Regular.\nMusculoskeletal\nNo edema.", [(K.PHYSICAL_EXAM, "Neck\nSupple.\nCardiovascular: Regular.\nMusculoskeletal\nNo edema.")]),
        ("OBJECTIVE\nVitals: 120/80\nHEENT: clear", [(K.OBJECTIVE, ""), (K.VITALS, "120/80"), (K.OBJECTIVE, "HEENT: clear")]),
        ("Knee sore.\nImp: Bursitis.", [(K.BODY, "Knee sore."), (K.ASSESSMENT, "Bursitis.")]),
        ("Labs: creatinine 1.1.\nAssessment: Migraine.", [(K.RESULTS, "creatinine 1.1."), (K.ASSESSMENT, "Migraine.")]),
        ("RESULTS\nX-ray: done.\nImpression: no fracture.\nASSESSMENT\nSprain", [(K.RESULTS, ""), (K.RESULTS, "done.\nImpression: no fracture."), (K.ASSESSMENT, "Sprain")]),
        ("PAST HISTORY\nMedical\nPCOS.\nSurgical\nAppendectomy.", [(K.PAST_MEDICAL_HISTORY, ""), (K.PAST_MEDICAL_HISTORY, "PCOS."), (K.PAST_SURGICAL_HISTORY, "Appendectomy.")]),
        ("ASSESSMENT AND PLAN\nGout.\n• Medications: allopurinol\nAllergies\n• seasonal", [(K.ASSESSMENT_AND_PLAN, "Gout.\n• Medications: allopurinol\nAllergies\n• seasonal")]),
        ("CHIEF COMPLAINT\nFollow-up.\nHPI\nWell.", [(K.CHIEF_COMPLAINT, "Follow-up."), (K.HISTORY_OF_PRESENT_ILLNESS, "Well.")]),
        ("History of Present Illness (HPI): cough", [(K.HISTORY_OF_PRESENT_ILLNESS, "cough")]),
        ("The plan: rest and ice.", [(K.BODY, "The plan: rest and ice.")]),
        ("SH: smoker\nFHx: gout\nROS: negative\nPE: clear", [(K.SOCIAL_HISTORY, "smoker"), (K.FAMILY_HISTORY, "gout"), (K.REVIEW_OF_SYSTEMS, "negative"), (K.PHYSICAL_EXAM, "clear")]),
        ("1. Chief Complaint: cough\n2. Assessment: cold", [(K.CHIEF_COMPLAINT, "cough"), (K.ASSESSMENT, "cold")]),
        ("Just words about a cough.", [(K.BODY, "Just words about a cough.")]),
        ("Film: clear\nImp: bronchitis\nPlan rest", [(K.BODY, "Film: clear"), (K.ASSESSMENT, "bronchitis"), (K.PLAN, "rest")]),
        ("Knee sore.\nA/P 1. Gout. Rest", [(K.BODY, "Knee sore."), (K.ASSESSMENT_AND_PLAN, "1. Gout. Rest")]),
        ("Knee sore.\nDx acute gout", [(K.BODY, "Knee sore."), (K.DIAGNOSES, "acute gout")]),
        ("Knee sore. Iced it. Dx acute gout", [(K.BODY, "Knee sore. Iced it."), (K.DIAGNOSES, "acute gout")]),
        ("Knee sore, Dx gout in 2010.", [(K.BODY, "Knee sore, Dx gout in 2010.")]),
        ("A: gout\nDx code sent", [(K.ASSESSMENT, "gout\nDx code sent")]),
        ("Cough.\nPlan reviewed with her.", [(K.BODY, "Cough.\nPlan reviewed with her.")]),
        ("Knee sore.\nA) gout\nP) rest", [(K.BODY, "Knee sore."), (K.ASSESSMENT, "gout"), (K.PLAN, "rest")]),
        ("Knee sore.\nA) ice\nB) sling\nP) rest", [(K.BODY, "Knee sore.\nA) ice\nB) sling\nP) rest")]),
        ("Knee sore.\nAssessment.\nGout", [(K.BODY, "Knee sore."), (K.ASSESSMENT, "Gout")]),
        ("RESULTS\nFilm of the hand.\nImpression: wrist fracture.\nPLAN\nCast", [(K.RESULTS, "Film of the hand."), (K.ASSESSMENT, "wrist fracture."), (K.PLAN, "Cast")]),
    ],
)  # fmt: skip
def test_headings(text: str, expected: list[tuple[SectionKind, str]]):
    assert cut(text) == expected


@pytest.mark.parametrize(
    ("text", "assessment"),
    [
        ("Sore throat for two days. Tonsils red. I think this is viral pharyngitis. We will treat with fluids.", "I think this is viral pharyngitis. We will treat with fluids."),
        ("Ankle pain after a fall yesterday. Tender and swollen. Follow up in two weeks with ortho.", "Follow up in two weeks with ortho."),
        ("We will see him again. He has had a cough for a long time and it is getting slowly better now.", None),
        ("HPI: cough. My impression is bronchitis.", "My impression is bronchitis."),
        ("Cough for two days.", None),
        ("Itchy for a week, worse at night.\nRed patches in both folds.\nContact dermatitis, hands\nUse the cream.", "Contact dermatitis, hands\nUse the cream."),
        ("Itchy for a week, worse at night.\nRed patches in both folds.\nNo dermatitis elsewhere\nUse the cream.", None),
        ("Itchy for a week, worse at night, both hands.\n1. Hand rash\n2. Dry skin", "1. Hand rash\n2. Dry skin"),
    ],
)  # fmt: skip
def test_an_assessment_without_heading_is_cut_when_words_begin_it(text: str, assessment: str | None):
    found = [body for kind, body in cut(text) if kind is K.ASSESSMENT_AND_PLAN]
    assert found == ([assessment] if assessment else [])


@pytest.mark.parametrize(
    ("loinc", "kind"),
    [
        ("51848-0", K.ASSESSMENT), ("18776-5", K.PLAN), ("51847-2", K.ASSESSMENT_AND_PLAN), ("10164-2", K.HISTORY_OF_PRESENT_ILLNESS),
        ("11348-0", K.PAST_MEDICAL_HISTORY), ("11450-4", K.PROBLEM_LIST), ("10157-6", K.FAMILY_HISTORY), ("29762-2", K.SOCIAL_HISTORY),
        ("8716-3", K.VITALS), ("29545-1", K.PHYSICAL_EXAM), ("30954-2", K.RESULTS), ("10187-3", K.REVIEW_OF_SYSTEMS), ("29299-5", K.REASON_FOR_VISIT),
        ("10154-3", K.CHIEF_COMPLAINT), ("10160-0", K.MEDICATIONS), ("48765-2", K.ALLERGIES), ("11369-6", K.IMMUNIZATIONS), ("00000-0", None),
    ],
)  # fmt: skip
def test_loinc_codes(loinc: str, kind: SectionKind | None):
    assert kind_for_loinc(loinc) is kind


@pytest.mark.parametrize("title", ["Assessment", "ASSESSMENT:", "Impression", "IMP", "Imp"])
def test_declared_titles(title: str):
    rule = rule_for_title(title)
    assert rule is not None
    assert rule.kind is K.ASSESSMENT


def test_hints_outrank_guesses_and_nested_ones_inherit():
    text = "Note\nAssessment\nProblem one\nGout\nHistory\nCough"
    hints = (
        SectionHint(5, 16, 33, "Assessment", "51848-0"),
        SectionHint(16, 28, 33, "Problem one"),
        SectionHint(33, 41, len(text), "History", "10164-2"),
    )
    sections = cut_note(Note("n", text, hints=hints))
    assert [(section.kind, section.title) for section in sections] == [
        (K.BODY, ""),
        (K.ASSESSMENT, "Assessment"),
        (K.ASSESSMENT, "Problem one"),
        (K.HISTORY_OF_PRESENT_ILLNESS, "History"),
    ]


def test_text_headings_are_found_inside_an_unrecognised_hint():
    text = "Visit note\nAssessment: gout"
    sections = cut_note(Note("n", text, hints=(SectionHint(0, 11, len(text), "Visit note"),)))
    assert [section.kind for section in sections] == [K.BODY, K.ASSESSMENT]


WORDS = st.sampled_from(
    ["ASSESSMENT", "Plan:", "HPI:", "PE", "Vitals:", "HEENT:", "cough", "No fever.", "\n", "\n\n", ",", ". ", "1. ", "• ", "## ", "**", "I think this is", " we will ", "gout", "PREOPERATIVE DIAGNOSIS:", "Diagnosis:"]
)  # fmt: skip


@st.composite
def notes(draw: st.DrawFn) -> Note:
    text = "".join(draw(st.lists(st.one_of(WORDS, st.text(max_size=5)), max_size=30)))
    bound = st.integers(0, len(text) + 2)
    spans = [sorted(draw(st.tuples(bound, bound, bound))) for _ in range(draw(st.integers(0, 4)))]
    loinc = st.sampled_from(["", "51848-0", "10164-2"])
    return Note("n", text, hints=tuple(SectionHint(*span, title=draw(WORDS).strip(), loinc=draw(loinc)) for span in spans))


@given(notes())
def test_sections_cover_every_note_without_gap_or_overlap(note: Note):
    end = 0
    for section in find_sections(Encounter("e", (note,))).sections:
        assert section.start == end
        assert section.start <= section.body_start <= section.end
        end = section.end
    assert end == len(note.text)
