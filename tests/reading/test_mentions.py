"""Mentions: dictionary terms and problem statements."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import date

import pytest

from fhir_coder.model import Encounter, Mention, Note, Patient, Presence, Temporality
from fhir_coder.reading.assertion import assert_mentions
from fhir_coder.reading.mentions import find_mentions
from fhir_coder.reading.sections import find_sections

WORDS = (
    "hypertension",
    "gout",
    "chest pain",
    "nausea and vomiting",
    "nausea",
    "vomiting",
    "migraine",
    "diabetes",
    "fever",
    "cough",
    "knee pain",
)


@dataclass(frozen=True)
class Term:
    start: int
    end: int
    codes: tuple[str, ...]
    source: str
    section_only: str = ""
    sex: str = ""
    age: str = ""


def dictionary(text: str) -> tuple[Term, ...]:
    pattern = re.compile(r"\b(?:" + "|".join(sorted(WORDS, key=len, reverse=True)) + r")\b", re.IGNORECASE)
    return tuple(Term(found.start(), found.end(), ("X",), f"test:{found.group().lower()}") for found in pattern.finditer(text))


def read(text: str, find_terms=dictionary, patient: Patient = Patient(), served: date | None = None) -> tuple[Mention, ...]:  # noqa: B008
    encounter = Encounter("e", (Note("n", text),), patient=patient, service_date=served)
    return find_mentions(find_sections(encounter), find_terms).mentions


def statements(text: str) -> list[str]:
    return [mention.text for mention in read(text) if mention.is_problem_statement]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ASSESSMENT\n1. Hypertension.\n2. Gout, stable.", ["Hypertension", "Gout, stable"]),
        ("ASSESSMENT\n• Left shoulder adhesive capsulitis.", ["Left shoulder adhesive capsulitis"]),
        ("ASSESSMENT AND PLAN\nKidney stones.\n• Medical Reasoning: Pain is better.\n• Medical Treatment: Fluids.", ["Kidney stones"]),
        ("A/P:\n# DM2 - continue metformin\n# HTN\n- increase lisinopril", ["DM2", "HTN"]),
        ("A/P:\nHypertension: stable, continue lisinopril", ["Hypertension"]),
        ("Assessment: left elbow pain, possible UCL sprain", ["left elbow pain", "possible UCL sprain"]),
        ("ASSESSMENT\nNo fracture, but sprain of the ankle", ["No fracture", "sprain of the ankle"]),
        ("ASSESSMENT\nShe does not have asthma but does have gout.", ["gout"]),
        ("ASSESSMENT\nMigraine, with aura.", ["Migraine, with aura"]),
        ("ASSESSMENT\nSprain, right ankle.", ["Sprain, right ankle"]),
        ("ASSESSMENT\nChest pain and hypertension.", ["Chest pain", "hypertension"]),
        ("ASSESSMENT\nNausea and vomiting.", ["Nausea and vomiting"]),
        ("ASSESSMENT\nHiatal hernia with bloating and belching.", ["Hiatal hernia with bloating and belching"]),
        ("ASSESSMENT\nLeft hip and knee pain.", ["Left hip and knee pain"]),
        ("IMPRESSION:,1.  Gout.,2.  Anemia.  CBC will be rechecked.,PLAN:,Rest.", ["Gout", "Anemia"]),
        ("DIAGNOSES:\nI10 Hypertension\nGout (M10.9)", ["Hypertension", "Gout"]),
        ("ASSESSMENT\nDiagnosis: gout", ["gout"]),
        ("ASSESSMENT\nThe patient is a 50-year-old man who presents with chest pain. He is better.", ["chest pain"]),
        ("Cough for a week. I think this is acute bronchitis. We will treat with fluids.", ["acute bronchitis"]),
        ("PLAN\n1. Continue lisinopril.\n2. Return in 3 months.", []),
        ("PLAN\nHypertension.\nWe will continue lisinopril.", ["Hypertension"]),
        ("PLAN\nPhysical therapy for knee pain.", []),
        ("PROBLEM LIST\n1. Hypertension", []),
        ("HPI\nHypertension.", []),
        ("ASSESSMENT\nNone.", []),
        ("ASSESSMENT\n1. Gout.\n2. Stable on CT. Repeat in 12 months.\n3. Quit 11/2023", ["Gout"]),
        ("ASSESSMENT\nHypertension. Gout. Continue lisinopril.", ["Hypertension", "Gout"]),
        ("ASSESSMENT\n1. Hypertension. Gout flares last year.", ["Hypertension"]),
        ("ASSESSMENT\n34 y/o G1P0 with migraine. Gout.", ["migraine", "Gout"]),
    ],
)
def test_problem_statements(text: str, expected: list[str]):
    assert statements(text) == expected


def test_statements_are_short_and_quote_their_text():
    text = "ASSESSMENT\n1. " + "Chronic pain of the lower back " * 8
    (statement,) = [mention for mention in read(text) if mention.is_problem_statement]
    assert len(statement.text) <= 120
    assert text[statement.start : statement.end] == statement.text


def test_statement_and_term_are_separate_mentions():
    mentions = read("ASSESSMENT\n1. Severe gout.")
    assert [(m.text, m.codes, m.is_problem_statement) for m in mentions] == [("Severe gout", (), True), ("gout", ("X",), False)]


def test_terms_in_headings_or_across_boundaries_are_dropped():
    def find(text: str) -> tuple[Term, ...]:
        return (Term(0, 4, ("A",), "heading"), Term(10, 22, ("B",), "across"), Term(18, 22, ("C",), "inside"))

    text = "PLAN\nHave rest. Gout is better."
    assert [mention.sources for mention in read(text, find)] == [("inside",)]


def test_terms_with_one_span_are_one_mention():
    def find(text: str) -> tuple[Term, ...]:
        return (Term(0, 4, ("A", "B"), "one"), Term(0, 4, ("B", "C"), "two"))

    (mention,) = read("Gout is better.", find)
    assert (mention.codes, mention.sources) == (("A", "B", "C"), ("one", "two"))


@pytest.mark.parametrize(
    ("term", "gender", "born", "is_kept"),
    [
        ({"sex": "female"}, "male", date(1980, 1, 1), False),
        ({"sex": "female"}, "female", date(1980, 1, 1), True),
        ({"sex": "female"}, "unknown", date(1980, 1, 1), True),
        ({"age": "<18"}, "male", date(1980, 1, 1), False),
        ({"age": "<18"}, "male", date(2020, 1, 1), True),
        ({"age": ">=65"}, "male", date(1950, 1, 1), True),
        ({"age": ">=65"}, "male", None, True),
        ({"section_only": "assessment"}, "male", None, False),
    ],
)
def test_conditions_of_a_term(term: dict[str, str], gender: str, born: date | None, is_kept: bool):
    mentions = read("Gout is better.", lambda text: (Term(0, 4, ("A",), "t", **term),), Patient("p", born, gender), date(2026, 5, 1))
    assert bool(mentions) is is_kept


def test_assessment_only_terms_are_kept_in_an_assessment():
    mentions = read("Assessment: is due.", lambda text: (Term(12, 14, ("A",), "t", section_only="assessment"),))
    assert [mention.codes for mention in mentions if mention.codes] == [("A",)]


def test_a_list_of_negatives_stays_in_its_item():
    text = "ROS\n- No fever, cough\n- Chest pain\nASSESSMENT\n1. Gout, possible migraine\n2. History of diabetes"
    encounter = Encounter("e", (Note("n", text),))
    made = {a.mention.text: a for a in assert_mentions(find_mentions(find_sections(encounter), dictionary)).assertions}
    assert made["fever"].presence is made["cough"].presence is Presence.ABSENT
    assert made["Chest pain"].is_codable
    assert made["Gout"].is_codable
    assert made["possible migraine"].presence is Presence.POSSIBLE
    assert made["diabetes"].temporality is Temporality.HISTORICAL


def test_a_long_note_is_read_quickly():
    """20 KB in less than 60 ms on an idle core; the bound leaves room for a busy one."""
    paragraph = (
        "HPI\nShe denies fever, cough, or chest pain but has nausea and vomiting. History of gout 2 years ago.\nASSESSMENT\n1. Migraine.\n"
    )
    encounter = Encounter("e", (Note("n", paragraph * (20_480 // len(paragraph))),))
    assert_mentions(find_mentions(find_sections(encounter), dictionary))
    durations = []
    for _ in range(5):
        started = time.process_time()
        assert_mentions(find_mentions(find_sections(encounter), dictionary))
        durations.append(time.process_time() - started)
    assert min(durations) < 0.5
