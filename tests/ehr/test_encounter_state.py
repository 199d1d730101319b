"""Which encounters may be coded at all."""

from typing import Any

import pytest

from fhir_coder.ehr.encounter_state import ACT_CODE, check_encounter
from fhir_coder.ehr.policy import IntakePolicy
from fhir_coder.errors import Uncodable
from tests.ehr.conftest import encounter

V2 = "http://terminology.hl7.org/CodeSystem/v2-0004"


@pytest.mark.parametrize("status", ["planned", "arrived", "triaged", "in-progress", "onleave", "unknown"])
def test_an_encounter_that_is_not_finished_is_refused_unless_the_site_codes_it(status: str) -> None:
    with pytest.raises(Uncodable, match="not finished") as caught:
        list(check_encounter(encounter(status=status), IntakePolicy()))
    assert caught.value.expression == ("Encounter.status",)
    assert list(check_encounter(encounter(status=status), IntakePolicy(unfinished="code"))) == [
        f"the Encounter is not finished (status {status})"
    ]


@pytest.mark.parametrize("place", ["", "location"])
def test_an_encounter_that_means_something_else_is_refused(place: str) -> None:
    unknown = {"modifierExtension": [{"url": "http://example.org/means-the-opposite", "valueBoolean": True}]}
    modified = encounter(**{place: [unknown]}) if place else encounter(**unknown)
    with pytest.raises(Uncodable, match="modifier extension") as caught:
        list(check_encounter(modified, IntakePolicy(unfinished="code")))
    assert caught.value.expression == (f"Encounter.{place}[0].modifierExtension" if place else "Encounter.modifierExtension",)


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
def test_a_visit_that_did_not_take_place_is_always_refused(status: str) -> None:
    with pytest.raises(Uncodable, match=status):
        list(check_encounter(encounter(status=status), IntakePolicy(unfinished="code")))


@pytest.mark.parametrize(
    "coding",
    [{"system": ACT_CODE, "code": code} for code in ("AMB", "EMER", "FLD", "HH", "OBSENC", "PRENC", "SS", "VR")]
    + [{"code": "AMB"}, {"system": V2, "code": "O"}, {"system": V2, "code": "E"}],
)
def test_outpatient_classes(coding: dict[str, str]) -> None:
    assert list(check_encounter(encounter(**{"class": coding}), IntakePolicy())) == []


@pytest.mark.parametrize(
    "coding",
    [
        {"system": ACT_CODE, "code": "IMP"},
        {"system": ACT_CODE, "code": "ACUTE"},
        {"system": ACT_CODE, "code": "NONAC"},
        {"code": "imp"},
        {"system": V2, "code": "I"},
    ],
)
def test_inpatient_classes_are_refused_with_the_reason(coding: dict[str, str]) -> None:
    with pytest.raises(Uncodable, match="Sections II and III") as caught:
        list(check_encounter(encounter(**{"class": coding}), IntakePolicy(unfinished="code")))
    assert caught.value.expression == ("Encounter.class",)


@pytest.mark.parametrize("coding", [{"system": "urn:oid:1.2.3", "code": "IMP"}, {"system": ACT_CODE, "code": "XX"}, {"display": "visit"}])
def test_a_class_that_is_not_known_is_coded_and_told(coding: dict[str, Any]) -> None:
    (warning,) = check_encounter(encounter(**{"class": coding}), IntakePolicy())
    assert "class of the Encounter" in warning


def test_a_policy_knows_its_words() -> None:
    with pytest.raises(ValueError, match="skip or code"):
        IntakePolicy(preliminary="drop")
