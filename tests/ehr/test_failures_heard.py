"""Each call of an EHR that fails is heard of by its kind, whether it is tried again or not."""

from __future__ import annotations

import pytest
import requests
import responses

from fhir_coder.ehr.client import EhrClient
from fhir_coder.errors import EhrRefused, EhrTimeout, ResourceUnknown
from fhir_coder.tenant_settings import EhrSettings
from tests.ehr.conftest import BASE, TOKEN

PATIENT = {"resourceType": "Patient", "id": "p1"}


@pytest.fixture
def http():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def heard() -> list[str]:
    return []


@pytest.fixture
def client(http: responses.RequestsMock, heard: list[str]):
    with requests.Session() as session:
        yield EhrClient(EhrSettings("main", BASE, TOKEN, timeout_s=1), session, sleep=lambda _: None, on_failure=heard.append)


def test_a_call_that_goes_well_the_second_time_was_heard_of(http: responses.RequestsMock, client: EhrClient, heard: list[str]) -> None:
    http.get(f"{BASE}/Patient/p1", status=503)
    http.get(f"{BASE}/Patient/p1", json=PATIENT)
    assert client.read("Patient", "p1") == PATIENT
    assert heard == ["503"]


def test_what_is_not_there_is_no_failure(http: responses.RequestsMock, client: EhrClient, heard: list[str]) -> None:
    http.get(f"{BASE}/Patient/p1", status=404)
    with pytest.raises(ResourceUnknown):
        client.read("Patient", "p1")
    assert heard == []


def test_an_answer_that_is_no_fhir_is_one(http: responses.RequestsMock, client: EhrClient, heard: list[str]) -> None:
    http.get(f"{BASE}/Patient/p1", body=b"<html>Gateway</html>")
    with pytest.raises(EhrRefused):
        client.read("Patient", "p1")
    assert heard == ["invalid"]


def test_every_try_that_times_out_is_heard_of(http: responses.RequestsMock, client: EhrClient, heard: list[str]) -> None:
    http.get(f"{BASE}/Patient/p1", body=requests.ReadTimeout("slow"))
    with pytest.raises(EhrTimeout):
        client.read("Patient", "p1")
    assert len(heard) > 1 and set(heard) == {"timeout"}
