"""Who may call the terminology operations, how often and how large; formats, headers, and that nothing typed stays behind."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_coder.api.log import JsonFormatter
from fhir_coder.api.terminology.service import MOST_BYTES
from tests.api.conftest import issue_of, listening, parameters, post, resource_of
from tests.api.terminology.conftest import EXPAND, ICD, LOOKUP, OLD, VALIDATE, WHOLE, Serve, codes_of, get, named, send

CALLS = [(LOOKUP, {"system": ICD, "code": "I10"}), (VALIDATE, {"url": ICD, "code": "I10"}), (EXPAND, {"url": WHOLE, "count": "1"})]
SYSTEM, CODE = {"name": "system", "valueUri": ICD}, {"name": "code", "valueCode": "I10"}


@pytest.mark.parametrize(("operation", "asked"), CALLS)
@pytest.mark.parametrize("near", [True, False], ids=["near", "far"])
def test_anyone_may_call_with_and_without_a_token(client: FlaskClient, operation: str, asked: dict[str, str], near: bool) -> None:
    """No tenant here trusts an issuer: the operations on encounters answer nobody."""
    far = {"REMOTE_ADDR": "203.0.113.9", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        answer = client.get(f"/fhir/{operation}", query_string=asked, headers=headers, environ_overrides={} if near else far)
        assert answer.status_code == 200
    assert client.post("/fhir/Claim/$check-coding", environ_overrides={} if near else far).status_code == 401


@pytest.mark.parametrize("operation", [LOOKUP, VALIDATE, EXPAND])
def test_other_addresses_and_methods(client: FlaskClient, operation: str) -> None:
    answer = client.put(f"/fhir/{operation}")
    assert (answer.status_code, {*answer.headers["Allow"].split(", ")}) == (405, {"GET", "HEAD", "POST"})
    unknown = client.get(f"/t/south/fhir/{operation}")
    assert (unknown.status_code, issue_of(unknown)["code"]) == (404, "not-supported")
    assert client.get(f"/fhir/{operation.replace('/$', '/1/$')}").status_code == 404
    assert client.get(f"/fhir/{operation.replace('$', '%24')}/").status_code == 400  # there, and something is missing
    assert client.head(f"/fhir/{operation}").status_code == 400


def test_without_releases_there_are_no_such_addresses(serve: Serve) -> None:
    client = serve(None)
    assert {get(client, operation, **asked).status_code for operation, asked in CALLS} == {404}
    statement = resource_of(client.get("/fhir/metadata?mode=terminology"))
    assert [one["type"] for one in statement["rest"][0]["resource"]] == ["Encounter", "Claim", "OperationDefinition"]


# ------------------------------------------------------------------------------------------------------------------------- limits


def test_calls_are_counted_by_address_over_all_operations(serve: Serve, tmp_path: Path) -> None:
    client = serve(counters=tmp_path, FHIR_CODER_RATE_LIMIT="3/day")
    assert [get(client, operation, **asked).status_code for operation, asked in CALLS] == [200] * 3
    answer = send(client, LOOKUP, SYSTEM, CODE)
    assert (answer.status_code, issue_of(answer)["code"], int(answer.headers["Retry-After"]) > 0) == (429, "throttled", True)
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.get(f"/fhir/{LOOKUP}", query_string=CALLS[0][1], environ_overrides=elsewhere).status_code == 200
    assert client.get("/fhir/metadata?mode=terminology").status_code == 200


def test_a_subscriber_of_a_network_is_one_caller(serve: Serve, tmp_path: Path) -> None:
    client = serve(counters=tmp_path, FHIR_CODER_RATE_LIMIT="1/day")
    found = [
        client.get(f"/fhir/{LOOKUP}", query_string=CALLS[0][1], environ_overrides={"REMOTE_ADDR": address}).status_code
        for address in ("2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:3::1")
    ]
    assert found == [200, 429, 200]


class Sending(io.BytesIO):
    """A body that does not come to its end until it is told to."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.has_begun, self.may_end = threading.Event(), threading.Event()

    def readinto(self, buffer: Any, /) -> int:
        self.has_begun.set()
        self.may_end.wait(30)
        return super().readinto(buffer)


def test_bodies_that_are_being_sent_take_half_the_room_at_most(serve: Serve) -> None:
    client = serve(FHIR_CODER_THREADS="1", FHIR_CODER_WAITING="3")
    bodies = [Sending(parameters(SYSTEM, CODE)) for _ in range(2)]
    answers: list[int] = []

    def call(body: Sending) -> None:
        other = client.application.test_client()
        answer = other.post(f"/fhir/{LOOKUP}", input_stream=body, headers={"Content-Type": "application/fhir+json"})
        answers.append(answer.status_code)

    threads = [threading.Thread(target=call, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    try:
        assert all(body.has_begun.wait(10) for body in bodies)
        busy = send(client, LOOKUP, SYSTEM, CODE)
        assert (busy.status_code, issue_of(busy)["code"], busy.headers["Retry-After"]) == (503, "transient", "5")
        assert get(client, LOOKUP, system=ICD, code="I10").status_code == 200  # reads no body
    finally:
        for body in bodies:
            body.may_end.set()
        for thread in threads:
            thread.join(10)
    assert answers == [200, 200]
    assert {send(client, LOOKUP, SYSTEM, CODE).status_code for _ in range(5)} == {200}


def test_a_large_body_is_refused(client: FlaskClient) -> None:
    answer = post(client, f"/fhir/{LOOKUP}", parameters(SYSTEM, CODE) + b" " * MOST_BYTES)
    assert (answer.status_code, issue_of(answer)["code"]) == (413, "too-long")


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{", "application/fhir+json", 400, "structure"),
        (b'{"resourceType": "Patient"}', "application/fhir+json", 400, "invalid"),
        (b"system=x", "application/x-www-form-urlencoded", 415, "not-supported"),
        (b"", "application/fhir+json", 400, "required"),
        (b'<Parameters xmlns="http://hl7.org/fhir"/>', "application/fhir+xml", 400, "required"),
    ],
)
@pytest.mark.parametrize("operation", [LOOKUP, VALIDATE, EXPAND])
def test_bodies_that_are_no_call(client: FlaskClient, operation: str, body: bytes, content_type: str, status: int, code: str) -> None:
    answer = post(client, f"/fhir/{operation}", body, Content_Type=content_type)
    assert (answer.status_code, issue_of(answer)["code"]) == (status, code)


def test_a_body_in_xml(client: FlaskClient) -> None:
    body = f"""<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="coding"/><valueCoding><system value="{ICD}"/><version value="{OLD}"/>
    <code value="I10"/></valueCoding></parameter></Parameters>"""
    answer = post(client, f"/fhir/{LOOKUP}", body.encode(), Content_Type="application/fhir+xml", Accept="application/fhir+xml")
    assert named(answer, "display") == ["Essential hypertension"]
    assert client.get(f"/fhir/{LOOKUP}", headers={"Accept": "text/html"}).status_code == 406


# ------------------------------------------------------------------------------------------------------------ unknown parameters


@pytest.mark.parametrize(("operation", "asked"), CALLS)
def test_an_unknown_parameter_is_passed_over_only_where_the_caller_wants_it(
    client: FlaskClient, operation: str, asked: dict[str, str]
) -> None:
    lenient = {"Prefer": "handling=lenient"}
    refused = get(client, operation, colour="red", **asked)
    assert (refused.status_code, issue_of(refused)["code"], "expression" in issue_of(refused)) == (400, "invalid", False)
    assert "handling=lenient" in issue_of(refused)["diagnostics"]
    answer = get(client, operation, headers=lenient, colour="red", **asked)
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (200, "handling=lenient")
    assert get(client, operation, _pretty="true", _format="json", **asked).status_code == 200


def test_an_unknown_parameter_of_a_body_is_named_by_its_place(client: FlaskClient) -> None:
    unknown = {"name": "colour", "valueString": "red"}
    assert issue_of(send(client, LOOKUP, SYSTEM, unknown, CODE))["expression"] == ["Parameters.parameter[1]"]
    assert send(client, LOOKUP, SYSTEM, unknown, CODE, Prefer="handling=lenient").status_code == 200


def test_with_a_body_the_address_holds_no_parameters(client: FlaskClient) -> None:
    answer = post(client, f"/fhir/{LOOKUP}?code=I10", parameters(SYSTEM, CODE))
    assert (answer.status_code, issue_of(answer)["code"]) == (400, "invalid")
    assert post(client, f"/fhir/{LOOKUP}?_format=xml", parameters(SYSTEM, CODE)).status_code == 200


def test_a_parameter_is_given_once(client: FlaskClient) -> None:
    answer = get(client, LOOKUP, ("code", "I10"), ("code", "I10"), system=ICD)
    assert (answer.status_code, issue_of(answer)["code"]) == (400, "invalid")


# ------------------------------------------------------------------------------------------------------------------ left behind


@pytest.mark.parametrize(
    ("operation", "asked", "kept"),
    [
        (LOOKUP, CALLS[0][1], True),
        (VALIDATE, CALLS[1][1], True),
        (EXPAND, CALLS[2][1], True),
        (EXPAND, {"url": WHOLE, "filter": "asthma"}, False),
        (LOOKUP, {"system": ICD, "code": "nothing"}, False),
    ],
)
def test_what_may_be_kept(client: FlaskClient, operation: str, asked: dict[str, str], kept: bool) -> None:
    answer = get(client, operation, **asked)
    assert answer.headers["Cache-Control"] == ("public, max-age=300" if kept else "no-store")
    assert answer.headers.get("Vary") == ("Accept" if kept else None)
    assert get(client, operation, headers={"Prefer": "handling=lenient"}, **asked).headers["Cache-Control"] == "no-store"


def test_a_body_is_answered_to_its_sender_alone(client: FlaskClient) -> None:
    assert send(client, LOOKUP, SYSTEM, CODE).headers["Cache-Control"] == "no-store"


@pytest.fixture
def log_lines() -> Iterator[list[str]]:
    """What our loggers write, as written."""
    lines: list[str] = []
    with listening(lambda record: lines.append(JsonFormatter().format(record))):
        yield lines


def test_nothing_that_was_asked_stands_in_log_metrics_or_refusals(client: FlaskClient, log_lines: list[str]) -> None:
    word = "XYZZY"
    for operation, asked in (
        (EXPAND, {"url": WHOLE, "filter": word}),
        (EXPAND, {"url": word}),
        (LOOKUP, {"system": ICD, "code": word}),
        (LOOKUP, {"system": word, "code": word, "version": word}),
        (VALIDATE, {"url": ICD, "code": "I10", "display": word}),
        (VALIDATE, {"url": ICD, "code": "I10", "version": word, word: word}),
    ):
        answer = get(client, operation, **asked)
        assert word not in answer.get_data(as_text=True) or (operation, answer.status_code) == (EXPAND, 200)
    assert len(log_lines) == 6
    assert word not in "".join(log_lines)
    assert [json.loads(line)["tenant"] for line in log_lines] == ["default"] * 6
    assert word not in client.get("/metrics").get_data(as_text=True)


def test_two_threads_share_the_gathered_words(client: FlaskClient) -> None:
    found: list[list[str]] = []
    threads = [
        threading.Thread(
            target=lambda: found.append(codes_of(get(client.application.test_client(), EXPAND, url=WHOLE, filter="gout", count="9")))
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and all(one == found[0] for one in found)
