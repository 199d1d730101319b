"""The client against canned answers: what it sends, what it refuses, what failures become."""

import base64
import json
from typing import Any

import pytest
import requests

from fhir_coder.ehr.connection import MAX_BYTES
from fhir_coder.errors import EhrError, EhrRefused, EhrTimeout, EhrUnavailable, FhirCoderError, ResourceDeleted, ResourceUnknown
from tests.ehr.conftest import BASE, TOKEN, FakeEhr

PATIENT = {"resourceType": "Patient", "id": "p1"}
TASK = {"resourceType": "Task", "status": "requested", "intent": "order"}
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "forbidden"}]}


def metadata(kind: str, **capability: object) -> dict:
    resource = {"type": kind, "interaction": [{"code": "read"}, {"code": "search-type"}], **capability}
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-01-01",
        "kind": "instance",
        "implementation": {"description": "test"},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [{"mode": "server", "resource": [resource]}],
    }


def searchset(*resources: dict, next_url: str = "", **entry: object) -> dict:
    bundle: dict = {"resourceType": "Bundle", "type": "searchset"}
    if resources:
        bundle["entry"] = [{"resource": one, **entry} for one in resources]
    if next_url:
        bundle["link"] = [{"relation": "next", "url": next_url}]
    return bundle


def test_read_sends_the_token_and_asks_for_fhir(ehr: FakeEhr) -> None:
    ehr.answers("GET", "Patient/p1", PATIENT)
    assert ehr.client.read("Patient", "p1") == PATIENT
    sent = ehr.http.calls[0].request.headers
    assert (sent["Authorization"], sent["Accept"]) == (f"Bearer {TOKEN}", "application/fhir+json")


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, OUTCOME, ResourceUnknown),
        (410, OUTCOME, ResourceDeleted),
        (401, OUTCOME, EhrRefused),
        (403, OUTCOME, EhrRefused),
        (400, b"<html>no</html>", EhrRefused),
        (302, b"", EhrRefused),
        (500, OUTCOME, EhrUnavailable),
        (503, b"", EhrUnavailable),
        (200, b"<html>login</html>", EhrRefused),
        (200, {"resourceType": "Patient", "id": "p2"}, EhrRefused),
        (200, {"resourceType": "Patient", "id": "p1", "gender": "robot"}, EhrRefused),
    ],
)
def test_what_a_failed_read_becomes(ehr: FakeEhr, status: int, body: object, error: type[FhirCoderError]) -> None:
    ehr.answers("GET", "Patient/p1", body, status, Location="https://evil.example.org/")
    with pytest.raises(error) as caught:
        ehr.client.read("Patient", "p1")
    assert TOKEN not in str(caught.value)
    if isinstance(caught.value, EhrRefused | EhrUnavailable) and body == OUTCOME:
        assert (caught.value.ehr_status, caught.value.outcome) == (status, OUTCOME)


def test_a_redirect_is_not_followed(ehr: FakeEhr) -> None:
    ehr.answers("GET", "Patient/p1", b"", 302, Location="https://evil.example.org/steal")
    with pytest.raises(EhrRefused):
        ehr.client.read("Patient", "p1")
    assert len(ehr.http.calls) == 1


@pytest.mark.parametrize("resource_id", ["", "../metadata", "a b", "x" * 65, "1?_format=xml"])
def test_an_id_that_no_resource_can_have_is_not_asked_for(ehr: FakeEhr, resource_id: str) -> None:
    with pytest.raises(ResourceUnknown):
        ehr.client.read("Patient", resource_id)
    assert len(ehr.http.calls) == 0


def test_read_waits_as_long_as_asked_and_tries_again(ehr: FakeEhr) -> None:
    ehr.answers("GET", "Patient/p1", b"", 429, Retry_After="3")
    ehr.answers("GET", "Patient/p1", b"", 503)
    ehr.answers("GET", "Patient/p1", PATIENT)
    assert ehr.client.read("Patient", "p1") == PATIENT
    assert ehr.waits == [3.0, 1.0]


@pytest.mark.parametrize(
    ("failure", "error"),
    [(requests.ConnectTimeout(), EhrTimeout), (requests.ReadTimeout(), EhrTimeout), (requests.ConnectionError(), EhrUnavailable)],
)
def test_an_ehr_that_does_not_answer(ehr: FakeEhr, failure: Exception, error: type[FhirCoderError]) -> None:
    ehr.answers("GET", "Patient/p1", failure)
    with pytest.raises(error):
        ehr.client.read("Patient", "p1")
    assert len(ehr.waits) == 3


def test_an_answer_without_end_is_cut_off(ehr: FakeEhr) -> None:
    ehr.answers("GET", "Patient/p1", b" " * (MAX_BYTES + 1))
    with pytest.raises(EhrRefused, match="larger"):
        ehr.client.read("Patient", "p1")


def test_search_follows_next_links_verbatim(ehr: FakeEhr) -> None:
    ehr.answers("GET", f"{BASE}/Patient?family=a", searchset(PATIENT, next_url=f"{BASE}?cursor=%2Fx%3D%3D&n=2"))
    ehr.answers("GET", f"{BASE}?cursor=%2Fx%3D%3D&n=2", searchset({"resourceType": "Patient", "id": "p2"}))
    assert [one["id"] for one in ehr.client.search("Patient", {"family": "a"})] == ["p1", "p2"]
    assert ehr.http.calls[1].request.url == f"{BASE}?cursor=%2Fx%3D%3D&n=2"


@pytest.mark.parametrize("next_url", ["https://evil.example.org/fhir/R4?page=2", "http://ehr.example.org/fhir/R4?page=2", "/admin?page=2"])
def test_a_next_link_to_elsewhere_ends_the_search_with_an_error(ehr: FakeEhr, next_url: str) -> None:
    ehr.answers("GET", "Patient", searchset(PATIENT, next_url=next_url))
    with pytest.raises(EhrRefused):
        list(ehr.client.search("Patient", {}))
    assert len(ehr.http.calls) == 1


def test_pages_that_loop_or_do_not_end_are_an_error(ehr: FakeEhr) -> None:
    ehr.answers("GET", "Patient", searchset(PATIENT, next_url=f"{BASE}/Patient"))
    with pytest.raises(EhrRefused, match="does not end"):
        list(ehr.client.search("Patient", {}))
    for page in range(1, 9):
        ehr.answers("GET", f"Task?page={page}", searchset(next_url=f"{BASE}/Task?page={page + 1}"))
    with pytest.raises(EhrRefused, match="3 pages"):
        list(ehr.client.search("Task", {"page": "1"}))


def test_an_empty_result_and_entries_that_are_no_matches(ehr: FakeEhr) -> None:
    ehr.answers("GET", "Patient", searchset())
    assert list(ehr.client.search("Patient", {})) == []
    included = searchset(PATIENT, search={"mode": "include"})
    included["entry"] += (
        searchset(OUTCOME, search={"mode": "outcome"})["entry"] + searchset({"resourceType": "Patient", "id": "p2"})["entry"]
    )
    ehr.answers("GET", "Patient?_id=p2", included)
    assert [one["id"] for one in ehr.client.search("Patient", {"_id": "p2"})] == ["p2"]


@pytest.mark.parametrize(
    "bad",
    [
        '{"resourceType": "Patient", "id": "bad", "gender": "robot"}',
        '{"resourceType": "Patient", "id": "bad", "name": []}',
        '{"resourceType": "Patient", "id": "bad", "gender": "male", "gender": "female"}',
        '{"resourceType": "EffectEvidenceSynthesis", "id": "bad"}',
        '{"resourceType": "Nonsense"}',
    ],
)
def test_one_bad_entry_does_not_spoil_the_page(ehr: FakeEhr, bad: str) -> None:
    good = json.dumps(PATIENT)
    body = f'{{"resourceType": "Bundle", "type": "searchset", "entry": [{{"resource": {bad}}}, {{"resource": {good}}}]}}'
    ehr.answers("GET", "Patient", body.encode())
    warnings: list[str] = []
    assert list(ehr.client.search("Patient", {}, warnings.append)) == [PATIENT]
    assert len(warnings) == 1 and "entry 0" in warnings[0]


@pytest.mark.parametrize("body", [b"not json", b"[1]", b'{"resourceType": "Patient", "id": "p1"}', b'{"entry": ' + b"[" * 5000])
def test_a_page_that_is_no_bundle_is_an_error(ehr: FakeEhr, body: bytes) -> None:
    ehr.answers("GET", "Patient", body)
    with pytest.raises(EhrRefused):
        list(ehr.client.search("Patient", {}))


def test_attachments_come_raw_or_wrapped(ehr: FakeEhr) -> None:
    note = "Señora".encode("iso-8859-1")
    attachment = {"contentType": "text/plain", "url": "Binary/b1"}
    ehr.answers("GET", "Binary/b1", note, Content_Type="text/plain; charset=ISO-8859-1")
    raw = ehr.client.read_attachment(attachment)
    assert (raw.content, raw.content_type) == (note, "text/plain; charset=ISO-8859-1")
    assert ehr.http.calls[0].request.headers["Accept"] == "text/plain"
    wrapped = {"resourceType": "Binary", "id": "b2", "contentType": "text/plain", "data": base64.b64encode(note).decode()}
    ehr.http.add("GET", f"{BASE}/Binary/b2", json=wrapped, content_type="application/fhir+json")
    assert ehr.client.read_attachment(attachment | {"url": f"{BASE}/Binary/b2"}).content == note


def test_an_attachment_elsewhere_is_refused_without_a_call(ehr: FakeEhr) -> None:
    with pytest.raises(EhrRefused):
        ehr.client.read_attachment({"contentType": "text/plain", "url": "https://evil.example.org/b1"})
    assert len(ehr.http.calls) == 0


def test_create_is_conditional_only_where_the_metadata_offers_it(ehr: FakeEhr) -> None:
    ehr.answers("GET", "metadata", metadata("Task", conditionalCreate=True))
    ehr.answers("POST", "Task", b"", 502)
    ehr.answers("POST", "Task", TASK | {"id": "t1"}, 201)
    assert ehr.client.create(TASK, "identifier=a|b")["id"] == "t1"
    assert ehr.http.calls[-1].request.headers["If-None-Exist"] == "identifier=a|b"
    assert len(ehr.waits) == 1
    assert ehr.client.capabilities().can("Task", "read") and not ehr.client.capabilities().can("Task", "create")
    assert sum(call.request.url.endswith("/metadata") for call in ehr.http.calls) == 1


def test_create_without_the_offer_sends_no_condition(ehr: FakeEhr) -> None:
    ehr.answers("GET", "metadata", metadata("Task"))
    ehr.answers("POST", "Task", TASK | {"id": "t1"}, 201)
    ehr.client.create(TASK, "identifier=a|b")
    assert "If-None-Exist" not in ehr.http.calls[-1].request.headers


@pytest.mark.parametrize("failure", [(502, 1), (504, 1), (503, 4), (429, 4)])
def test_a_plain_create_is_repeated_only_when_the_ehr_says_it_did_not_act(ehr: FakeEhr, failure: tuple[int, int]) -> None:
    status, calls = failure
    ehr.answers("POST", "Task", b"", status)
    with pytest.raises(EhrUnavailable):
        ehr.client.create(TASK)
    assert len(ehr.http.calls) == calls


def test_a_plain_create_that_timed_out_is_not_repeated(ehr: FakeEhr) -> None:
    ehr.answers("POST", "Task", requests.ReadTimeout())
    with pytest.raises(EhrTimeout):
        ehr.client.create(TASK)
    assert len(ehr.http.calls) == 1


def test_a_minimal_answer_is_completed_from_its_location(ehr: FakeEhr) -> None:
    ehr.answers("POST", "Task", b"", 201, Location=f"{BASE}/Task/t9/_history/4")
    created = ehr.client.create(TASK)
    assert (created["id"], created["meta"]["versionId"], created["status"]) == ("t9", "4", "requested")
    ehr.answers("POST", "Claim", b"", 201)
    with pytest.raises(EhrRefused, match="under which id"):
        ehr.client.create({"resourceType": "Claim"})


def test_update_is_guarded_by_the_version(ehr: FakeEhr) -> None:
    ehr.answers("PUT", "Task/t1", OUTCOME, 412)
    with pytest.raises(EhrRefused) as caught:
        ehr.client.update(TASK | {"id": "t1"}, if_match="3")
    assert (caught.value.ehr_status, caught.value.outcome) == (412, OUTCOME)
    assert ehr.http.calls[0].request.headers["If-Match"] == 'W/"3"'


def transaction(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}


ENTRY = {"fullUrl": "urn:uuid:1", "resource": TASK, "request": {"method": "POST", "url": "Task"}}
WRITTEN = {"response": {"status": "201 Created", "location": "Task/t1/_history/1"}}


def test_a_transaction_goes_to_the_base_and_is_answered_entry_by_entry(ehr: FakeEhr) -> None:
    response = {"resourceType": "Bundle", "type": "transaction-response", "entry": [WRITTEN]}
    ehr.answers("POST", BASE, response)
    assert ehr.client.transact(transaction(ENTRY)) == response
    assert ehr.http.calls[0].request.url == BASE


@pytest.mark.parametrize(
    "answer",
    [
        {"resourceType": "Bundle", "type": "transaction-response"},
        {"resourceType": "Bundle", "type": "batch-response", "entry": [WRITTEN]},
        {"resourceType": "Bundle", "type": "transaction-response", "entry": [WRITTEN, WRITTEN]},
        {"resourceType": "Task"},
        b"<html>",
    ],
)
def test_a_transaction_that_is_accepted_and_not_accounted_for_says_so_with_the_status(ehr: FakeEhr, answer: Any) -> None:
    ehr.answers("POST", BASE, answer)
    with pytest.raises(EhrRefused) as caught:
        ehr.client.transact(transaction(ENTRY))
    assert caught.value.ehr_status == 200


@pytest.mark.parametrize("failure", [(400, 1), (500, 1), (502, 1), (504, 1), (503, 4), (429, 4)])
def test_a_transaction_is_repeated_only_when_the_ehr_says_it_did_not_act(ehr: FakeEhr, failure: tuple[int, int]) -> None:
    status, calls = failure
    ehr.answers("POST", BASE, OUTCOME, status)
    with pytest.raises(EhrError) as caught:
        ehr.client.transact(transaction(ENTRY))
    assert (caught.value.ehr_status, len(ehr.http.calls)) == (status, calls)


@pytest.mark.parametrize("body", [b"<html>", b'{"resourceType": "Task", "status": "no such status"}', OUTCOME])
def test_a_write_whose_answer_is_no_resource_is_completed_from_its_location(ehr: FakeEhr, body: Any) -> None:
    ehr.answers("POST", "Task", body, 201, Location=f"{BASE}/Task/t9/_history/4")
    assert ehr.client.create(TASK)["id"] == "t9"
