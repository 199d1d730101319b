"""Exchanges with a server: what is sent, what is told of it, and what is done where the server is asked too often."""

from __future__ import annotations

import pytest
import responses

from conformance.credentials import bearer
from conformance.target import Target
from conformance.verdict import Omitted, Skipped

BASE = "https://server.example/fhir"
OPERATION = f"{BASE}/Encounter/$code-encounter"


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Target:
    slept: list[float] = []
    monkeypatch.setattr("conformance.target.time.sleep", slept.append)
    made = Target(BASE, authorize=bearer("SECRET"))
    made.slept = slept  # type: ignore[attr-defined]
    return made


@responses.activate
def test_a_token_in_an_address_is_not_told(target: Target) -> None:
    responses.post(OPERATION)
    answer = target.code({}, query={"access_token": "SECRET", "x": "1"})
    assert answer.told == target.last == "POST /fhir/Encounter/$code-encounter?access_token=...&x=1 -> 200"


@responses.activate
def test_a_stranger_sends_no_token(target: Target) -> None:
    responses.post(OPERATION)
    target.code({})
    target.code({}, is_known=False)
    assert [call.request.headers.get("Authorization") for call in responses.calls] == ["Bearer SECRET", None]


@responses.activate
def test_a_busy_server_is_asked_again_when_it_says(target: Target) -> None:
    responses.post(OPERATION, status=429, headers={"Retry-After": "7"})
    responses.post(OPERATION, status=200)
    assert target.code({}).status == 200
    assert target.slept == [7]  # type: ignore[attr-defined]


@responses.activate
@pytest.mark.parametrize(("retry_after", "asked"), [("7", 3), ("3600", 1), ("", 1), ("soon", 1)])
def test_one_that_does_not_become_free_proves_nothing(target: Target, retry_after: str, asked: int) -> None:
    responses.post(OPERATION, status=429, headers={"Retry-After": retry_after})
    with pytest.raises(Skipped, match="429"):
        target.code({})
    assert len(responses.calls) == asked
    assert target.code({}, waits=False).status == 429


@responses.activate
@pytest.mark.parametrize(
    ("status", "security", "is_omitted"),
    [(401, {}, False), (403, {}, False), (302, {}, False), (400, {}, True), (400, {"service": [{}]}, False)],
)
def test_a_server_is_guarded_that_refuses_strangers_or_says_so(target: Target, status: int, security: object, is_omitted: bool) -> None:
    responses.post(OPERATION, status=status)
    statement = {"resourceType": "CapabilityStatement", "rest": [{"mode": "server", "security": security}]}
    responses.get(f"{BASE}/metadata", json=statement, content_type="application/fhir+json")
    if is_omitted:
        with pytest.raises(Omitted):
            target.require_guard()
    else:
        target.require_guard()


@responses.activate
def test_no_cookie_goes_from_one_check_to_the_next(target: Target) -> None:
    responses.get(f"{BASE}/metadata", headers={"Set-Cookie": "a=1; Path=/"})
    assert [target.get("metadata").cookies for _ in range(2)] == [("a=1; Path=/",)] * 2
    assert "Cookie" not in responses.calls[1].request.headers
