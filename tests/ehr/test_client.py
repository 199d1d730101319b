"""The client against canned answers: what it sends, what it refuses, what failures become."""

import base64
import json
from typing import Any

import pytest
import requests

from fhir_coder.ehr.client import EhrClient
from fhir_coder.errors import EhrError, EhrRefused, EhrTimeout, EhrUnavailable, FhirCoderError, ResourceDeleted, ResourceUnknown
from fhir_coder.outbound.attempt import MAX_BYTES
from fhir_coder.tenant_settings import EhrSettings
from tests.ehr.conftest import BASE, TOKEN, FakeEhr, capability_statement

PATIENT = {"resourceType": "Patient", "id": "p1"}
TASK = {"resourceType": "Task", "status": "requested", "intent": "order"}
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "forbidden"}]}


def metadata(kind: str, **capability: object) -> dict:
    resource = {"type": kind, "interaction": [{"code": "read"}, {"code": "search-type"}], **capability}
    return capability_statement([resource])


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


def test_a_version_is_read_at_its_own_address(ehr: FakeEhr) -> None:
    ehr.answers("GET", "Patient/p1/_history/2", PATIENT)
    assert ehr.client.read_version("Patient", "p1", "2") == PATIENT


@pytest.mark.parametrize(("resource_id", "version"), [("p1", "../x"), ("p1", ""), ("a/b", "1"), ("p1", "1?x=y")])
def test_a_version_that_cannot_be_is_not_asked_for(ehr: FakeEhr, resource_id: str, version: str) -> None:
    with pytest.raises(ResourceUnknown):
        ehr.client.read_version("Patient", resource_id, version)
    assert len(ehr.http.calls) == 0


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


FILES = "https://files.example.org/notes"


def abroad(session: requests.Session) -> EhrClient:
    return EhrClient(EhrSettings("main", BASE, TOKEN, foreign_urls=(FILES,)), session, sleep=lambda seconds: None)


def test_what_lies_elsewhere_is_fetched_only_where_allowed_and_without_the_token(ehr: FakeEhr) -> None:
    with requests.Session() as session:
        client = abroad(session)
        ehr.http.add("GET", f"{FILES}/1", body=b"Gout.", content_type="text/plain")
        assert client.read_attachment({"contentType": "text/plain", "url": f"{FILES}/1"}).content == b"Gout."
        ehr.answers("GET", "Patient", searchset(PATIENT, next_url=f"{FILES}?page=2"))
        ehr.answers("GET", f"{FILES}?page=2", searchset({"resourceType": "Patient", "id": "p2"}, next_url=f"{BASE}?page=3"))
        ehr.answers("GET", f"{BASE}?page=3", searchset())
        assert [one["id"] for one in client.search("Patient", {})] == ["p1", "p2"]
        assert ["Authorization" in call.request.headers for call in ehr.http.calls] == [False, True, False, True]
        with pytest.raises(EhrRefused):
            client.read_attachment({"contentType": "text/plain", "url": "https://files.example.org/notes-2/1"})
        assert len(ehr.http.calls) == 4


def test_a_redirect_elsewhere_is_not_followed_even_from_there(ehr: FakeEhr) -> None:
    with requests.Session() as session:
        ehr.answers("GET", f"{FILES}/1", b"", 302, Location=f"{FILES}/2")
        with pytest.raises(EhrRefused, match="redirects"):
            abroad(session).read_attachment({"contentType": "text/plain", "url": f"{FILES}/1"})


def test_an_ehr_that_cannot_send_a_type_is_asked_for_the_resource(ehr: FakeEhr) -> None:
    ehr.answers("GET", "Binary/b1", OUTCOME, 406)
    wrapped = {"resourceType": "Binary", "id": "b1", "contentType": "text/plain", "data": base64.b64encode(b"Gout.").decode()}
    ehr.answers("GET", "Binary/b1", wrapped)
    assert ehr.client.read_attachment({"contentType": "text/plain", "url": "Binary/b1"}).content == b"Gout."
    assert [call.request.headers["Accept"] for call in ehr.http.calls] == ["text/plain", "application/fhir+json"]


@pytest.mark.parametrize(("status", "error"), [(404, ResourceUnknown), (410, ResourceDeleted), (403, EhrRefused), (500, EhrUnavailable)])
def test_what_a_failed_attachment_becomes(ehr: FakeEhr, status: int, error: type[FhirCoderError]) -> None:
    ehr.answers("GET", "Binary/b1", OUTCOME, status)
    with pytest.raises(error):
        ehr.client.read_attachment({"contentType": "text/plain", "url": "Binary/b1"})


@pytest.mark.parametrize("declared", ["text/plain; charset=\u00fc8", "text/\u2192", "text/plain\nX-Other: 1", "text/plain\ttab"])
def test_a_content_type_that_no_header_can_carry_is_not_sent(ehr: FakeEhr, declared: str) -> None:
    ehr.http.add("GET", f"{BASE}/Binary/b1", body=b"Gout.", content_type="text/plain")
    assert ehr.client.read_attachment({"contentType": declared, "url": "Binary/b1"}).content == b"Gout."
    assert ehr.http.calls[0].request.headers["Accept"] == "application/fhir+json"


def test_an_attachment_without_content_is_empty(ehr: FakeEhr) -> None:
    ehr.answers("GET", "Binary/b1", b"", 204)
    assert ehr.client.read_attachment({"contentType": "text/plain", "url": "Binary/b1"}).content == b""


@pytest.mark.parametrize("next_url", ["?page=2", "Patient?page=2", "/fhir/R4/Patient?page=2", f"{BASE}/_search/cursor/2"])
def test_next_links_are_relative_or_lead_to_another_path(ehr: FakeEhr, next_url: str) -> None:
    ehr.answers("GET", "Patient?family=a", searchset(PATIENT, next_url=next_url))
    for url in (f"{BASE}/Patient?page=2", f"{BASE}/_search/cursor/2"):
        ehr.answers("GET", url, searchset({"resourceType": "Patient", "id": "p2"}))
    assert [one["id"] for one in ehr.client.search("Patient", {"family": "a"})] == ["p1", "p2"]


@pytest.mark.parametrize("status", [400, 404, 410])
def test_a_page_link_that_expired_may_be_tried_again(ehr: FakeEhr, status: int) -> None:
    ehr.answers("GET", "Patient?family=a", searchset(PATIENT, next_url=f"{BASE}?cursor=2"))
    ehr.answers("GET", f"{BASE}?cursor=2", OUTCOME, status)
    with pytest.raises(EhrUnavailable, match="page 2 of the search for Patient has expired"):
        list(ehr.client.search("Patient", {"family": "a"}))
    ehr.answers("GET", "Patient?family=b", OUTCOME, status)
    with pytest.raises(EhrRefused):
        list(ehr.client.search("Patient", {"family": "b"}))


def test_empty_pages_are_turned_and_a_total_that_lies_is_told(ehr: FakeEhr) -> None:
    warnings: list[str] = []
    ehr.answers("GET", "Patient?family=a", searchset(next_url=f"{BASE}?cursor=2") | {"total": 5})
    ehr.answers("GET", f"{BASE}?cursor=2", searchset(PATIENT) | {"total": 5})
    assert list(ehr.client.search("Patient", {"family": "a"}, warnings.append)) == [PATIENT]
    assert warnings == ["the EHR counts 5 matches of Patient and gave 1"]


def test_remarks_of_the_ehr_are_told_by_severity_and_code_only(ehr: FakeEhr) -> None:
    issues = [
        {"severity": "warning", "code": "not-supported", "diagnostics": "Ms Haldane"},
        {"severity": "information", "code": "informational"},
    ]
    remark = {"resourceType": "OperationOutcome", "issue": issues}
    page = searchset(PATIENT)
    page["entry"] += searchset(remark, search={"mode": "outcome"})["entry"]
    ehr.answers("GET", "Patient", page)
    warnings: list[str] = []
    assert list(ehr.client.search("Patient", {}, warnings.append)) == [PATIENT]
    assert warnings == ["the EHR remarks on the search for Patient: warning not-supported"]


def test_a_parameter_may_stand_twice(ehr: FakeEhr) -> None:
    ehr.answers("GET", "Patient", searchset())
    list(ehr.client.search("Patient", (("birthdate", "ge1980-01-01"), ("birthdate", "le1980-12-31"))))
    assert ehr.http.calls[0].request.url == f"{BASE}/Patient?birthdate=ge1980-01-01&birthdate=le1980-12-31"


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
