"""A joint that was replaced, with its side: where the assessment tells it, and beside the arthritis of another (guideline I.C.21.c.3)."""

from __future__ import annotations

import pytest

from fhir_coder.coding.policy import outpatient
from fhir_coder.model import Encounter, Note
from fhir_coder.pipeline import Coder

ARTHRITIS = "1. Primary osteoarthritis of the left hip. Physical therapy."


def joints_of(coder: Coder, note: str) -> set[str]:
    """The codes of artificial joints, and of aftercare, that a note gets."""
    coded = coder.code_encounter(Encounter(id="e", notes=(Note(id="n", text=note),)), outpatient())[0].report.coded
    return {one.code for one in coded.assignments if one.code.startswith(("Z96.6", "Z47"))}


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        ("Artificial right elbow, works well.", "Z96.621"),
        ("Left wrist arthroplasty 2012, stable.", "Z96.632"),
        ("Left total ankle replacement 2018, functioning well.", "Z96.662"),
        ("MCP joint replacement right index finger 2010, painless.", "Z96.691"),
        ("Bilateral artificial hips, no complaints.", "Z96.643"),
        ("Has an artificial right knee.", "Z96.651"),
        ("Right THA, functioning well, no loosening on film.", "Z96.641"),
        ("s/p right total elbow arthroplasty 2019, doing well.", "Z96.621"),
        ("Status post reverse total shoulder arthroplasty on the right, 2019, doing well.", "Z96.611"),
    ],
)
def test_a_joint_that_the_assessment_lists(coder: Coder, problem: str, code: str) -> None:
    assert joints_of(coder, f"Assessment and Plan:\n1. Hypertension. Lisinopril.\n2. {problem}\n") == {code}


@pytest.mark.parametrize(
    ("history", "code"),
    [
        ("PMH: gout.\nPSH: right total hip arthroplasty 2019, appendectomy.", "Z96.641"),
        ("PSH: R TKA '15.", "Z96.651"),
        ("HPI: Left groin pain. She had her right shoulder replaced four years ago.", "Z96.611"),
    ],
)
def test_a_joint_of_the_history_counts_beside_arthritis(coder: Coder, history: str, code: str) -> None:
    assert joints_of(coder, f"{history}\n\nAssessment and Plan:\n{ARTHRITIS}\n") == {code}
    assert joints_of(coder, f"{history}\n\nAssessment and Plan:\n1. Acute sinusitis. Fluticasone.\n") == set()


@pytest.mark.parametrize(
    "told",
    [
        "HPI: Scheduled for right hip replacement in March.",
        "HPI: Right hip will be replaced in May.",
        "HPI: Considering replacement of the right hip.",
        "HPI: Not a candidate for hip replacement.",
        "HPI: No prosthetic joints.",
        "Family history: hip replacement in mother.",
        "Family history: mother had a right hip replaced in 2015.",
    ],
)
def test_a_joint_that_is_not_replaced_or_is_anothers(coder: Coder, told: str) -> None:
    assert joints_of(coder, f"{told}\n\nAssessment and Plan:\n{ARTHRITIS}\n") == set()


def test_aftercare_is_for_weeks_and_names_the_joint(coder: Coder) -> None:
    assert joints_of(coder, "Assessment and Plan:\n1. Two weeks after left total ankle replacement. Wound clean.\n") == {"Z47.1", "Z96.662"}
