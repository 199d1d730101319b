"""A caller who is bound to one patient: neither another's encounter nor another's words are read for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fhir_coder.ehr.intake import gather
from fhir_coder.errors import Forbidden, Uncodable
from fhir_coder.exchange import CallerLimits, CodingRequest
from tests.ehr.conftest import SandboxEhr, document, encounter, patient

OWN = CallerLimits(patient="p1")


def pulled(patient_id: str, **changes: Any) -> CodingRequest:
    return CodingRequest("default", "diabetes-ckd", limits=CallerLimits(patient=patient_id), **changes)


def sent(**changes: Any) -> CodingRequest:
    """Everything sent along, for the patient of the token."""
    visit = encounter() | {"subject": {"reference": "Patient/p1"}}
    note = document() | {"subject": {"reference": "Patient/p1"}}
    return CodingRequest("default", **{"encounter": visit, "patient": patient() | {"id": "p1"}, "notes": (note,), "limits": OWN} | changes)


def by_url(address: str) -> dict[str, Any]:
    attachment = {"contentType": "text/plain", "url": address}
    return document() | {"subject": {"reference": "Patient/p1"}, "content": [{"attachment": attachment}]}


def test_the_patients_own_encounter_is_read(sandbox: SandboxEhr) -> None:
    assert gather(pulled("haldane"), sandbox.client).encounter.notes


def test_another_patients_encounter_is_refused_before_its_notes_are_read(sandbox: SandboxEhr) -> None:
    with pytest.raises(Forbidden):
        gather(pulled("p1"), sandbox.client)


def test_a_patient_that_the_caller_sends_does_not_stand_in_for_the_encounters(sandbox: SandboxEhr) -> None:
    with pytest.raises(Forbidden):
        gather(pulled("p1", patient=patient() | {"id": "p1"}), sandbox.client)


@pytest.mark.parametrize("changes", [{"notes": None}, {"write_back": True}])
def test_an_encounter_that_the_caller_sends_does_not_stand_in_for_the_ehrs(sandbox: SandboxEhr, changes: dict[str, Any]) -> None:
    """The id is that of somebody else's encounter."""
    visit = encounter() | {"id": "diabetes-ckd", "subject": {"reference": "Patient/p1"}}
    with pytest.raises(Forbidden):
        gather(sent(encounter=visit, **changes), sandbox.client)


@pytest.mark.parametrize(
    "subject", [None, {"display": "p1"}, {"reference": "#p1"}, {"reference": "Group/p1"}, {"reference": "Patient/p11"}]
)
def test_an_encounter_of_nobody_certain_is_refused(subject: Any) -> None:
    visit = {name: value for name, value in (encounter() | {"subject": subject}).items() if value}
    with pytest.raises((Forbidden, Uncodable)):
        gather(sent(encounter=visit), None)


def test_what_the_caller_sent_for_the_patient_is_coded() -> None:
    assert gather(sent(), None).encounter.notes


NOTE_BY_URL = ("skin-lesions", "Binary/skin-lesions-note")


def test_an_attachment_that_a_bound_caller_names_is_not_fetched(sandbox: SandboxEhr) -> None:
    """It may be anybody's, and its words would come back as evidence."""
    request = sent(notes=(by_url(NOTE_BY_URL[1]),))
    assert gather(replace(request, limits=CallerLimits()), sandbox.client).encounter.notes
    assert [one.reason for one in gather(request, sandbox.client).encounter.unreadable] == ["unavailable"]


def test_a_report_that_a_bound_caller_sends_fetches_nothing_either(sandbox: SandboxEhr) -> None:
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r1",
        "status": "final",
        "code": {"text": "report"},
        "subject": {"reference": "Patient/haldane"},
        "presentedForm": [{"contentType": "text/plain", "url": NOTE_BY_URL[1]}],
    }
    free = gather(replace(pulled("haldane", context=(report,)), limits=CallerLimits()), sandbox.client).encounter
    assert (len(free.notes), free.unreadable) == (2, ())
    bound = gather(pulled("haldane", context=(report,)), sandbox.client).encounter
    assert (len(bound.notes), [one.reason for one in bound.unreadable]) == (1, ["unavailable"])


def test_without_binary_no_attachment_is_fetched(sandbox: SandboxEhr) -> None:
    assert gather(CodingRequest("default", NOTE_BY_URL[0]), sandbox.client).encounter.notes
    limited = gather(CodingRequest("default", NOTE_BY_URL[0], limits=CallerLimits(may_fetch_attachments=False)), sandbox.client)
    assert [one.reason for one in limited.encounter.unreadable] == ["unavailable"]
