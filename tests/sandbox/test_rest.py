"""The built-in EHR over HTTP: the interactions that coding needs, and what it answers to the rest."""

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest

from fhir_coder.fhir.reader import read_json
from tests.sandbox.conftest import BASE, Send

TASK = {"resourceType": "Task", "identifier": [{"system": "urn:a", "value": "1"}], "status": "requested", "intent": "order"}
CONDITION = {
    "resourceType": "Condition",
    "category": [{"coding": [{"system": "urn:c", "code": "encounter-diagnosis"}]}],
    "subject": {"reference": "Patient/p1"},
    "encounter": {"reference": "Encounter/e1"},
}


def ids(send: Send, query: str) -> list[str]:
    return [entry["resource"]["id"] for entry in send("GET", query).json().get("entry", [])]


def test_create_and_read(send: Send) -> None:
    created = send("POST", "Task", TASK)
    resource = created.json()
    assert created.status_code == 201 and created.headers["ETag"] == 'W/"1"'
    assert created.headers["Location"] == f"{BASE}/Task/{resource['id']}/_history/1"
    found = send("GET", f"Task/{resource['id']}")
    assert (found.status_code, found.json(), found.headers["Content-Type"]) == (200, resource, "application/fhir+json; charset=utf-8")


def test_conditional_create(send: Send) -> None:
    condition = {"If_None_Exist": "identifier=urn:a|1"}
    first = send("POST", "Task", TASK, **condition)
    again = send("POST", "Task", TASK | {"priority": "stat"}, **condition)
    assert (first.status_code, again.status_code) == (201, 200) and again.json() == first.json()
    send("POST", "Task", TASK)
    several = send("POST", "Task", TASK, **condition)
    assert (several.status_code, several.json()["issue"][0]["code"]) == (412, "multiple-matches")


@pytest.mark.parametrize(("condition", "status"), [("nonsense=1", 400), ("nonsense", 412)])
def test_a_condition_that_cannot_be_met_creates_nothing(send: Send, condition: str, status: int) -> None:
    assert send("POST", "Task", TASK, If_None_Exist=condition).status_code == status
    assert ids(send, "Task") == []


def test_conditional_creates_at_once_make_one(send: Send) -> None:
    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(lambda _: send("POST", "Task", TASK, If_None_Exist="identifier=urn:a|1").status_code, range(8)))
    assert sorted(codes) == [200] * 7 + [201] and len(ids(send, "Task")) == 1


def test_update_and_versions(send: Send) -> None:
    made = send("PUT", "Task/t1", TASK | {"id": "t1"})
    changed = send("PUT", "Task/t1", TASK | {"id": "t1", "status": "completed"}, If_Match='W/"1"')
    stale = send("PUT", "Task/t1", TASK | {"id": "t1"}, If_Match='W/"1"')
    assert [one.status_code for one in (made, changed, stale)] == [201, 200, 412]
    assert send("GET", "Task/t1").json()["status"] == "completed"
    assert send("GET", "Task/t1/_history/1").json()["status"] == "requested"
    assert send("GET", "Task/t1/_history/9").status_code == 404
    assert send("PUT", "Task/t1", TASK | {"id": "t2"}).status_code == 400
    assert send("PUT", "Task/t9", TASK | {"id": "t9"}, If_Match='W/"1"').status_code == 412


def test_delete(send: Send) -> None:
    send("PUT", "Task/t1", TASK | {"id": "t1"})
    assert send("DELETE", "Task/t1").status_code == 204
    gone = send("GET", "Task/t1")
    assert (gone.status_code, gone.json()["issue"][0]["code"], ids(send, "Task")) == (410, "deleted", [])
    assert send("DELETE", "Task/t2").status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("Condition", ["c1", "c2"]),
        ("Condition?_id=c2", ["c2"]),
        ("Condition?patient=Patient/p1", ["c1"]),
        ("Condition?patient=p1", ["c1"]),
        ("Condition?subject=https://elsewhere.example.org/fhir/Patient/p1", ["c1"]),
        ("Condition?encounter=Encounter/e1&patient=p1", ["c1"]),
        ("Condition?encounter=Encounter/e2", []),
        ("Condition?category=encounter-diagnosis", ["c1", "c2"]),
        ("Condition?category=urn:c|encounter-diagnosis", ["c1", "c2"]),
        ("Condition?category=urn:other|encounter-diagnosis", []),
        ("Condition?category=|encounter-diagnosis", []),
        ("Condition?category=urn:c|", ["c1", "c2"]),
        ("Condition?_id=c1,c2", ["c1", "c2"]),
        ("Condition?unknown=1&_id=c1", ["c1"]),
        ("Claim", []),
    ],
)
def test_search(send: Send, query: str, found: list[str]) -> None:
    send("PUT", "Condition/c1", CONDITION | {"id": "c1"})
    send("PUT", "Condition/c2", CONDITION | {"id": "c2", "subject": {"reference": "Patient/p2"}})
    assert ids(send, query) == found


def test_search_says_what_it_used(send: Send) -> None:
    answer = send("GET", "Condition?unknown=1&_id=c1").json()
    assert answer["link"][0]["url"] == f"{BASE}/Condition?_id=c1&_count=20"
    assert send("GET", "Condition?unknown=1", Prefer="handling=strict").status_code == 400


def test_paging(send: Send) -> None:
    for number in range(5):
        send("PUT", f"Task/t{number}", TASK | {"id": f"t{number}"})
    found, path = [], "Task?status=requested&_count=2"
    while path:
        page = send("GET", path).json()
        found.append([entry["resource"]["id"] for entry in page["entry"]])
        assert page["total"] == 5
        path = next((link["url"].removeprefix(f"{BASE}/") for link in page["link"] if link["relation"] == "next"), "")
    assert found == [["t0", "t1"], ["t2", "t3"], ["t4"]]


@pytest.mark.parametrize(("accept", "is_wrapped"), [("application/fhir+json", True), ("text/plain", False), ("*/*", False)])
def test_binary_comes_wrapped_or_raw(send: Send, accept: str, is_wrapped: bool) -> None:
    note = "Señora".encode()
    binary = {"resourceType": "Binary", "id": "b1", "contentType": "text/plain", "data": base64.b64encode(note).decode()}
    send("PUT", "Binary/b1", binary)
    answer = send("GET", "Binary/b1", Accept=accept)
    assert answer.headers["Content-Type"].startswith("application/fhir+json" if is_wrapped else "text/plain")
    assert (base64.b64decode(answer.json()["data"]) if is_wrapped else answer.content) == note


def test_raw_bytes_make_a_binary(send: Send) -> None:
    created = send("POST", "Binary", b"bytes", Content_Type="text/plain").json()
    assert (created["contentType"], base64.b64decode(created["data"])) == ("text/plain", b"bytes")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "Task/unknown", None, 404),
        ("GET", "Observation/1", None, 404),
        ("GET", "Task/1/2/3", None, 404),
        ("PATCH", "Task/1", b"[]", 405),
        ("POST", "Task", b"not json", 400),
        ("POST", "Task", b'{"resourceType": "Task", "status": "requested"}', 400),
        ("POST", "Task", {"resourceType": "Patient"}, 400),
        ("POST", "Task", b"<Task/>", 400),
    ],
)
def test_refusals_are_operation_outcomes(send: Send, method: str, path: str, body: dict | bytes | None, status: int) -> None:
    answer = send(method, path, body)
    assert answer.status_code == status
    assert read_json(answer.content)["resourceType"] == "OperationOutcome"


def test_other_formats_are_refused(send: Send) -> None:
    assert send("POST", "Task", b"<Task/>", Content_Type="application/fhir+xml").status_code == 415
    assert send("PATCH", "Task/1", b"[]").headers["Allow"]


def test_metadata_is_valid_and_keeps_its_word(send: Send) -> None:
    statement = read_json(send("GET", "metadata").content)
    assert statement["implementation"]["url"] == BASE
    for resource in statement["rest"][0]["resource"]:
        for parameter in resource["searchParam"]:
            assert send("GET", f"{resource['type']}?{parameter['name']}=x", Prefer="handling=strict").status_code == 200


def entry(method: str, url: str, resource: dict, **request: str) -> dict:
    named = {"fullUrl": request.pop("fullUrl")} if "fullUrl" in request else {}
    return named | {"resource": resource, "request": {"method": method, "url": url, **request}}


def transaction(*entries: dict) -> dict:
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}


PROVENANCE = {
    "resourceType": "Provenance",
    "target": [{"reference": "urn:uuid:00000000-0000-4000-8000-000000000001"}],
    "recorded": "2026-05-04T12:00:00Z",
    "agent": [{"who": {"display": "software"}}],
}


@pytest.mark.parametrize("path", ["", "/"])
def test_a_transaction_writes_all_and_its_references_become_addresses(send: Send, path: str) -> None:
    task = send("POST", "Task", TASK).json()
    answer = send(
        "POST",
        path.strip("/"),
        transaction(
            entry("POST", "Condition", CONDITION, fullUrl="urn:uuid:00000000-0000-4000-8000-000000000001"),
            entry("PUT", f"Task/{task['id']}", task | {"status": "completed"}, ifMatch='W/"1"'),
            entry("POST", "Provenance", PROVENANCE),
        ),
    )
    response = read_json(answer.content)
    assert (answer.status_code, response["type"]) == (200, "transaction-response")
    assert [one["response"]["status"][:3] for one in response["entry"]] == ["201", "200", "201"]
    (condition,) = ids(send, "Condition")
    (provenance,) = ids(send, f"Provenance?target=Condition/{condition}")
    assert send("GET", f"Provenance/{provenance}").json()["target"] == [{"reference": f"Condition/{condition}"}]
    assert response["entry"][1]["response"]["location"] == f"Task/{task['id']}/_history/2"


@pytest.mark.parametrize(
    ("spoiled", "status"),
    [
        (entry("PUT", "Task/t1", TASK | {"id": "t1"}, ifMatch='W/"7"'), 412),
        (entry("PUT", "Task/t1", TASK | {"id": "t1"}, ifMatch="7"), 412),
        (entry("PUT", "Task/t2", TASK | {"id": "t1"}), 400),
        (entry("POST", "Task", TASK, ifNoneExist="identifier=urn:a|1"), 400),
        (entry("POST", "Claim", TASK), 400),
        (entry("POST", "Observation", {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}), 400),
        (entry("DELETE", "Task/t1", TASK | {"id": "t1"}), 400),
    ],
)
def test_a_transaction_that_fails_writes_nothing(send: Send, spoiled: dict, status: int) -> None:
    send("PUT", "Task/t1", TASK | {"id": "t1"})
    answer = send("POST", "", transaction(entry("POST", "Condition", CONDITION), spoiled))
    assert (answer.status_code, read_json(answer.content)["resourceType"]) == (status, "OperationOutcome")
    assert ids(send, "Condition") == []


def test_a_batch_is_refused(send: Send) -> None:
    assert send("POST", "", transaction(entry("POST", "Task", TASK)) | {"type": "batch"}).status_code == 400
