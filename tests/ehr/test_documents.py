"""Which documents of an encounter are its notes."""

from typing import Any

import pytest

from fhir_coder.ehr.documents import Visit, select_found, select_given
from fhir_coder.errors import Uncodable
from tests.ehr.conftest import document

VISIT = Visit("Encounter/e1", "Patient/p1")
HERE = {"encounter": [{"reference": "Encounter/e1"}]}
ELSEWHERE = {"encounter": [{"reference": "Encounter/e2"}]}


def linked(code: str, target: str) -> list[dict[str, Any]]:
    return [{"code": code, "target": {"reference": target}}]


@pytest.mark.parametrize(
    ("changes", "is_kept"),
    [
        ({}, True),
        ({"docStatus": "amended"}, True),
        ({"docStatus": "preliminary"}, True),
        ({"status": "superseded"}, False),
        ({"status": "entered-in-error"}, False),
        ({"docStatus": "entered-in-error"}, False),
        ({"subject": {"reference": "Patient/p1"}}, True),
        ({"subject": {"reference": "https://ehr.example.org/fhir/Patient/p1/_history/3"}}, True),
        ({"subject": {"identifier": {"value": "x"}}}, True),
        ({"context": HERE}, True),
    ],
)
def test_given_documents(changes: dict[str, Any], is_kept: bool) -> None:
    selection = select_given([document(**changes)], VISIT)
    assert bool(selection.documents) is is_kept
    assert bool(selection.warnings) is (not is_kept or changes.get("docStatus") == "preliminary")
    assert selection.conflicts == ()


def test_a_given_document_of_another_encounter_is_a_conflict() -> None:
    selection = select_given([document(context=ELSEWHERE)], VISIT)
    assert len(selection.documents) == 1 and selection.conflicts == ("DocumentReference/d1 names another encounter",)


@pytest.mark.parametrize("select", [select_given, select_found])
def test_another_patients_document_is_refused(select: Any) -> None:
    with pytest.raises(Uncodable):
        select([document(subject={"reference": "Patient/p2"}, context=HERE)], VISIT)


def test_found_documents_are_those_of_the_encounter() -> None:
    found = [
        document(id="here", context=HERE),
        document(id="elsewhere", context=ELSEWHERE),
        document(id="other", subject={"reference": "Patient/p2"}, context=ELSEWHERE),
        document(id="loose"),
    ]
    selection = select_found(found, VISIT)
    assert [one["id"] for one in selection.documents] == ["here"]
    assert selection.warnings == ("1 documents of the patient name no encounter and were not read",)


@pytest.mark.parametrize(
    ("code", "kept"), [("replaces", ["new"]), ("appends", ["old", "new"]), ("signs", ["old", "new"]), ("transforms", ["old", "new"])]
)
def test_only_replaced_documents_are_dropped(code: str, kept: list[str]) -> None:
    new = document(id="new", date="2026-05-03T10:00:00Z", relatesTo=linked(code, "DocumentReference/old"))
    old = document(id="old", date="2026-05-02T10:00:00Z")
    assert [one["id"] for one in select_given([new, old], VISIT).documents] == kept


def test_a_document_that_replaces_itself_and_one_retracted_drop_nothing() -> None:
    own = document(id="a", relatesTo=linked("replaces", "DocumentReference/a"))
    retracted = document(id="b", status="entered-in-error", relatesTo=linked("replaces", "DocumentReference/a"))
    assert [one["id"] for one in select_given([own, retracted], VISIT).documents] == ["a"]
