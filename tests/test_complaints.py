"""What users complain about in other systems; each complaint is a regression test here.

Negation on lists, after a header, with "is negative for" and "none", over-negation past "but" and leakage across sentences are tables of their
own (``tests/reading/assertions.tsv``); this file asks the whole engine, and ``tests/test_traps.py`` asks it each of these in many forms. Codes that an EHR did not keep as sent, and resources that it does not
take, are in ``tests/writeback/test_delivery.py``; launch tokens have no test before there is a launch.
"""

from __future__ import annotations

from datetime import date

import pytest

from fhir_coder.coding.policy import outpatient
from fhir_coder.model import CodedEncounter, Encounter, Note, RejectionReason
from fhir_coder.pipeline import Coder
from terminology.codebook import Codebook
from terminology.installation import release_from_xml


def coded(coder: Coder, text: str) -> CodedEncounter:
    encounter = Encounter(id="e", notes=(Note(id="n", text=text),), service_date=date(2026, 5, 4))
    return coder.code_encounter(encounter, outpatient())[0].report.coded


def codes(coder: Coder, text: str) -> set[str]:
    return {assignment.code for assignment in coded(coder, text).assignments}


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        (
            "ROS: Denies fever, cough, or chest pain.\n\nAssessment: Essential hypertension.\nPlan: continue lisinopril.",
            {"R50.9", "R05.9", "R07.9"},
        ),
        ("Assessment: Essential hypertension. She is negative for asthma.\nPlan: continue lisinopril.", {"J45.909"}),
        ("Assessment:\nNo further chest pain.\nEssential hypertension, continue lisinopril.", {"R07.9"}),
        ("ROS: fever: none. cough: none.\nAssessment: Essential hypertension.\nPlan: continue lisinopril.", {"R50.9", "R05.9"}),
    ],
    ids=["a list after denies", "is negative for", "a header before no further", "fever: none"],
)
def test_negation_holds(coder: Coder, text: str, denied: set[str]) -> None:
    found = codes(coder, text)
    assert "I10" in found
    assert not denied & found


def test_found_and_not_found_do_not_look_alike(coder: Coder) -> None:
    encounter = coded(coder, "HPI: Denies asthma.\nAssessment: Essential hypertension.\nPlan: continue lisinopril.")
    assert {one.code for one in encounter.assignments} == {"I10"}
    assert (("J45.909", RejectionReason.NEGATED)) in {(one.code, one.reason) for one in encounter.rejected}


def test_negation_stops_at_but_and_at_the_end_of_the_sentence(coder: Coder) -> None:
    found = codes(
        coder, "Assessment: No evidence of pneumonia, but acute bronchitis. Essential hypertension.\nPlan: albuterol, continue lisinopril."
    )
    assert {"J20.9", "I10"} <= found
    assert "J18.9" not in found


def test_seventh_characters_are_padded(codebook: Codebook) -> None:
    assert codebook.normalize("W21.89A") is None
    assert codebook.with_seventh("W21.89", "A") == "W21.89XA"


def test_an_empty_note_container_of_the_annual_update_is_no_error() -> None:
    text = (
        "<ICD10CM.tabular><version>2027</version><chapter><name>9</name><desc>C</desc><section id='I10-I10'><desc>S</desc>"
        "<diag><name>I10</name><desc>Hypertension</desc><codeAlso/><useAdditionalCode></useAdditionalCode></diag></section></chapter></ICD10CM.tabular>"
    )
    book = release_from_xml(text.encode(), "update", date(2026, 10, 1), date(2027, 3, 31)).codebook
    assert book.notes("I10") == ()


def test_a_code_is_never_stored_with_a_trailing_dot(coder: Coder, codebook: Codebook) -> None:
    assert all(
        code in codebook and not code.endswith(".")
        for code in codes(coder, "Assessment: Essential hypertension. Gout.\nPlan: allopurinol.")
    )


def test_a_code_without_support_in_the_note_is_not_assigned(coder: Coder) -> None:
    encounter = coded(coder, "Assessment: Essential hypertension.\nPlan: continue lisinopril. Recheck in 3 months.")
    for assignment in encounter.assignments:
        assert assignment.evidence


def test_a_problem_list_copied_forward_is_not_coded_by_itself(coder: Coder) -> None:
    found = codes(
        coder,
        "PROBLEM LIST\n- Gout\n- Migraine\n- Asthma\n\nHPI\nBlood pressure follow up.\n\nASSESSMENT\nEssential hypertension.\n\nPLAN\nContinue lisinopril.",
    )
    assert found == {"I10"}
