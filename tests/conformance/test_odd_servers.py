"""Servers that answer everything with one odd thing: the kit says what fails, and does not fall over it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from werkzeug.wrappers import Response

from conformance.credentials import bearer
from conformance.requirement import Requirement, read_requirements
from conformance.running import MOST_UNANSWERED, run, tried
from conformance.target import Target
from conformance.verdict import Verdict
from tests.conformance.guarded_site import EHR, refused
from tests.conformance.serving import serving
from tests.smart.issuer import token

FHIR = "application/fhir+json"
STATEMENT: dict[str, Any] = {
    "resourceType": "CapabilityStatement",
    "rest": [{"mode": "server", "security": {"service": [{}], "extension": [{"url": 7}, None]}}, None],
    "capabilities": [1, None, {}],
    "token_endpoint": 7,
    "grant_types_supported": "authorization_code",
    "associated_endpoints": [1, {"url": 3}],
    "issuer": None,
    "keys": [{"kty": 1, "kid": ["a"], "alg": ["x"], "n": 5, "key_ops": 3, "crv": [1]}],
    "issue": [{"severity": "error", "code": "login"}],
}
"""Of the right kind at the top, and wrong below."""
AUTHORIZE = "https://auth.example/authorize?state=a&redirect_uri=javascript:x&client_id=&aud"
ODD = {
    "text": Response("hello", content_type="text/plain"),
    "nothing": Response("", content_type=FHIR),
    "null": Response("null", content_type="application/json"),
    "a list": Response("[]", content_type=FHIR),
    "no UTF-8": Response(b"\xff\xfe", content_type=FHIR),
    "wrong below": Response(json.dumps(STATEMENT), content_type=FHIR),
    "no objects": Response(json.dumps({**STATEMENT, "rest": [{"security": None}], "keys": [None]}), content_type=FHIR),
    "401 and half a challenge": Response(json.dumps(STATEMENT), 401, {"WWW-Authenticate": 'Bearer realm="x'}, content_type=FHIR),
    "500": Response("oops", 500, content_type="text/html"),
    "a way to sign in": Response("", 302, {"Location": "/login"}),
    "a bad launch": Response("", 302, {"Location": AUTHORIZE, "Set-Cookie": ";"}),
}


def requirements() -> list[Requirement]:
    return [one for one in read_requirements() if one.id.startswith(("SEC", "SMA", "BKS", "LAU"))]


@pytest.mark.parametrize("answer", ODD.values(), ids=ODD)
def test_the_kit_can_tell_what_it_gets(answer: Response) -> None:
    with serving(answer) as root:
        target = Target(f"{root}/fhir", bearer(token()), refused=refused(), accepted={"v1": bearer("x"), "v2": bearer("y")})
        target.jwks, target.launch, target.launch_iss = f"{root}/jwks", f"{root}/launch", EHR
        found = run(target, requirements())
    assert {one.requirement.id: one.findings for one in found.judged if one.verdict is Verdict.ERROR} == {}
    assert found.has_failed


def test_a_server_that_is_not_there_proves_nothing() -> None:
    with serving(Response("")) as root:
        pass
    found = run(Target(f"{root}/fhir", timeout_s=2), requirements())
    assert found.has_failed
    assert found.is_empty


def test_an_answer_that_drips_is_waited_for_no_longer_than_one_that_does_not_come() -> None:
    def drops() -> Iterator[bytes]:
        while True:
            time.sleep(0.05)
            yield b" "

    with serving(lambda *given: Response(drops(), content_type=FHIR)(*given)) as root:
        target = Target(f"{root}/fhir", timeout_s=0.3)
        with pytest.raises(requests.Timeout):
            target.get("metadata")
    assert target.unanswered == 1


def test_a_server_that_falls_silent_is_given_up() -> None:
    def silent(target: Target) -> None:
        target.unanswered += 1
        raise requests.Timeout

    found = tried(Target("http://127.0.0.1:1", timeout_s=7), {str(number): silent for number in range(8)})
    assert [one.verdict for one in found.values()] == [Verdict.ERROR] * MOST_UNANSWERED + [Verdict.SKIP] * (8 - MOST_UNANSWERED)
    assert (found["0"].expected, found["0"].received) == ("an answer within 7 s", "none")
    assert found["7"].received.startswith("the server left 5 requests without an answer within 7 s")


def test_a_server_that_only_fails_does_nothing_right() -> None:
    """But for what errors must not hold."""
    outcome = json.dumps({"resourceType": "OperationOutcome", "issue": [{"severity": "fatal", "code": "exception"}]})
    with serving(Response(outcome, 500, content_type=FHIR)) as root:
        found = run(Target(f"{root}/fhir"), read_requirements())
    assert {one.requirement.id for one in found.judged if one.verdict is Verdict.PASS} == {"ERR-020", "SEC-034"}
    assert [one.requirement.id for one in found.judged if one.verdict is Verdict.ERROR] == []


def test_a_fhir_server_without_the_operation_refuses_no_visit() -> None:
    """That the address is not there is no judgement of what was sent."""
    outcome = json.dumps({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "not-found"}]})
    with serving(Response(outcome, 404, content_type=FHIR)) as root:
        found = run(Target(f"{root}/fhir"), [one for one in read_requirements() if one.id.startswith("FIX")])
    assert [one.requirement.id for one in found.judged if one.verdict is Verdict.PASS] == []
