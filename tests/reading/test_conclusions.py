"""What letters, dictations and hurried notes conclude in prose."""

from __future__ import annotations

import pytest

from fhir_coder.model import Note, SectionKind
from fhir_coder.reading.conclusions import concluded, find_conclusions
from fhir_coder.reading.sections import cut_note


@pytest.mark.parametrize(
    ("sentence", "problems"),
    [
        ("This is lymphedema from her surgery.", ["lymphedema from her surgery"]),
        ("I am sure that this is tension headache on top.", ["tension headache on top"]),
        ("The older one is migraine without aura, there since college.", ["migraine without aura, there"]),
        (
            "So, in short: ischemic cardiomyopathy, compensated, in a man with longstanding hypertension.",
            ["ischemic cardiomyopathy, compensated", "longstanding hypertension"],
        ),
        ("Regarding her type 2 diabetes, the sugars are higher.", ["type 2 diabetes"]),
        ("Second, moderate mitral regurgitation, seen each year.", ["moderate mitral regurgitation"]),
        ("For the emphysema he continues tiotropium.", ["emphysema"]),
        ("Her hypertension is well controlled on amlodipine.", ["hypertension"]),
        ("The cirrhosis, alcohol related, is still decompensated.", ["cirrhosis, alcohol related"]),
        ("The tinnitus on that side torments her at night.", ["tinnitus on that side"]),
        ("He stays on aspirin for the coronary disease.", ["coronary disease"]),
        ("She has vitamin B12 deficiency and I began injections.", ["vitamin B12 deficiency"]),
        ("I do not think this is gout.", []),
        ("It is not cellulitis.", []),
        ("Her sister has asthma, which is well controlled.", []),
        ("This may be early dementia.", []),
        ("As for gout, has he ever had it?", []),
        ("He takes a walk for an hour.", []),
        ("Her asthma is stable and not discussed.", []),
    ],
)
def test_problems_of_a_sentence(sentence: str, problems: list[str]):
    assert [sentence[start:end] for start, end in concluded(sentence, 0, len(sentence))] == problems


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("He coughs. This is asthma. Inhaler given.\n\nHis father had gout.", ["This is asthma. Inhaler given."]),
        (
            "Dear Jo,\n\nFilm bone on bone. Primary osteoarthritis of the left knee. Injected.\n\nA1c 5.9.",
            ["Primary osteoarthritis of the left knee. Injected."],
        ),
        (
            "KIDNEY CLINIC\n\n#1 New diabetes. Sugars 220.\n#2 Hands shake.\n#3 Graft fine.\n\nDenies fever.",
            ["#1 New diabetes. Sugars 220.\n#2 Hands shake.\n#3 Graft fine."],
        ),
        ("Bilateral swelling.\nNo fracture.\nHernia repair 1999.\nAppendicitis as a child.\nDiabetes in 2012.", []),
        (
            "She is slow. Hypothyroidism out of control because she has missed doses. TSH in 8 weeks.",
            ["Hypothyroidism out of control because she has missed doses. TSH in 8 weeks."],
        ),
        ("We walked. Her hypertension is well controlled. We talked.", ["Her hypertension is well controlled."]),
        ("1. Metformin\n2. Aspirin", []),
    ],
)
def test_parts_of_a_note(text: str, parts: list[str]):
    assert [text[start:end] for start, end in find_conclusions(text, 0, len(text))] == parts


def test_only_text_under_no_heading_is_cut_and_nothing_is_lost():
    text = "Dear Jo,\n\nThis is asthma. Inhaler.\n\nHer son is well."
    sections = cut_note(Note("n", text))
    assert [section.kind for section in sections] == [SectionKind.BODY, SectionKind.ASSESSMENT_AND_PLAN, SectionKind.BODY]
    assert "".join(text[section.start : section.end] for section in sections) == text
    assert [section.kind for section in cut_note(Note("n", "HPI: This is asthma.\nAssessment: gout"))] == [
        SectionKind.HISTORY_OF_PRESENT_ILLNESS,
        SectionKind.ASSESSMENT,
    ]
