"""Presence, experiencer and temporality, case by case, and the choices the module documents."""

from __future__ import annotations

from pathlib import Path

import pytest
from marked import assert_marked

from fhir_coder.model import (
    Assertion,
    Encounter,
    Experiencer,
    Mention,
    Mentions,
    Note,
    Presence,
    Section,
    SectionKind,
    Sections,
    Temporality,
)
from fhir_coder.reading.assertion import assert_mentions

PRESENCE = {"P": Presence.PRESENT, "A": Presence.ABSENT, "U": Presence.POSSIBLE}
EXPERIENCER = {"p": Experiencer.PATIENT, "f": Experiencer.FAMILY, "o": Experiencer.OTHER}
TEMPORALITY = {"C": Temporality.CURRENT, "H": Temporality.HISTORICAL, "Y": Temporality.HYPOTHETICAL}


def load_cases() -> list[tuple[str, str, str]]:
    lines = (Path(__file__).parent / "assertions.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")][1:]
    return [(why, expected, sentence.replace("\\n", "\n")) for why, expected, sentence in rows]


CASES = load_cases()


@pytest.mark.parametrize(("why", "expected", "sentence"), CASES, ids=[f"{why}: {sentence}" for why, _, sentence in CASES])
def test_what_is_asserted(why: str, expected: str, sentence: str):
    made = assert_marked(sentence)
    assert (made.presence, made.experiencer, made.temporality) == (
        PRESENCE[expected[0]],
        EXPERIENCER[expected[1]],
        TEMPORALITY[expected[2]],
    )


def test_there_are_enough_cases_and_every_complaint_has_some():
    assert len(CASES) >= 120
    assert {f"complaint-{number}" for number in (1, 2, 3, 10)} <= {why for why, _, _ in CASES}


@pytest.mark.parametrize(
    ("kind", "sentence", "experiencer", "temporality", "cue"),
    [
        (SectionKind.FAMILY_HISTORY, "{Diabetes}, hypertension.", Experiencer.FAMILY, Temporality.CURRENT, "section:family-history"),
        (SectionKind.PAST_MEDICAL_HISTORY, "{Diabetes}.", Experiencer.PATIENT, Temporality.CURRENT, "section:past-medical-history"),
        (SectionKind.PAST_MEDICAL_HISTORY, "History of {gout}.", Experiencer.PATIENT, Temporality.HISTORICAL, "hist-history-of"),
        (
            SectionKind.PAST_SURGICAL_HISTORY,
            "{Appendicitis} 2001",
            Experiencer.PATIENT,
            Temporality.HISTORICAL,
            "section:past-surgical-history",
        ),
    ],
)
def test_section_defaults(kind: SectionKind, sentence: str, experiencer: Experiencer, temporality: Temporality, cue: str):
    made = assert_marked(sentence, kind)
    assert (made.experiencer, made.temporality) == (experiencer, temporality)
    assert cue in made.cues


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (SectionKind.ASSESSMENT, "{Family history of colon cancer}."),
        (SectionKind.FAMILY_HISTORY, "{Family history of colon cancer}."),
        (SectionKind.ASSESSMENT, "{Screening for colon cancer}."),
        (SectionKind.ASSESSMENT, "{Exposure to tuberculosis}."),
        (SectionKind.PAST_SURGICAL_HISTORY, "{Status post cholecystectomy}."),
        (SectionKind.ASSESSMENT, "{Diabetes without complications}."),
    ],
)
def test_a_cue_inside_a_dictionary_term_belongs_to_the_term(kind: SectionKind, sentence: str):
    assert assert_marked(sentence, kind).is_codable


def assert_statement(text: str) -> Assertion:
    mention = Mention("n", 0, len(text), text, SectionKind.ASSESSMENT, 0, len(text), is_problem_statement=True)
    sections = Sections(Encounter("e", (Note("n", text),)), (Section("n", SectionKind.ASSESSMENT, "", 0, 0, len(text)),))
    return assert_mentions(Mentions(sections, (mention,))).assertions[0]


@pytest.mark.parametrize(
    ("text", "presence", "temporality"),
    [
        ("possible UCL sprain", Presence.POSSIBLE, Temporality.CURRENT),
        ("Pneumonia, ruled out", Presence.ABSENT, Temporality.CURRENT),
        ("Pneumonia, resolved", Presence.PRESENT, Temporality.HISTORICAL),
        ("Status post mastectomy", Presence.PRESENT, Temporality.HISTORICAL),
        ("Diabetes without complications", Presence.PRESENT, Temporality.CURRENT),
        ("No evidence of fracture", Presence.ABSENT, Temporality.CURRENT),
        ("Left shoulder adhesive capsulitis", Presence.PRESENT, Temporality.CURRENT),
    ],
)
def test_a_problem_statement_is_judged_by_the_cue_at_its_edge(text: str, presence: Presence, temporality: Temporality):
    made = assert_statement(text)
    assert (made.presence, made.temporality) == (presence, temporality)
