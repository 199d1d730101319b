"""What a launch asks of the browser is read, whatever way it is sent, and nothing of one browser is another's."""

from __future__ import annotations

import secrets
import socket
import uuid

import pytest
import responses
from werkzeug.wrappers import Response

from conformance.exchange import Answer
from conformance.launching import Browser, bits_of, request_in
from conformance.listening import listening_towards
from conformance.target import Target
from conformance.verdict import Unsatisfied
from tests.conformance.serving import serving

LAUNCH = "https://app.example/launch"
FORM = b"""<html><body onload="document.forms[0].submit()"><form method="POST" action="https://auth.example/authorize">
<input type="hidden" name="response_type" value="code"><input type="hidden" name="aud" value="https://ehr.example/fhir?a=1&amp;b=2">
<input type="submit"></form><form method="post" action="/other"></form></body></html>"""


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    return Answer("GET", status, headers, body, 0.0)


def test_a_redirect_is_read() -> None:
    found = request_in(answer(302, location="https://auth.example/authorize?state=a%2Bb&scope=launch+openid"), LAUNCH)
    assert (found.endpoint, found["state"], found["scope"]) == ("https://auth.example/authorize", "a+b", "launch openid")


def test_a_form_that_is_posted_is_read() -> None:
    found = request_in(answer(200, FORM), LAUNCH)
    assert (found.endpoint, found["response_type"]) == ("https://auth.example/authorize", "code")
    assert found["aud"] == "https://ehr.example/fhir?a=1&b=2"


@pytest.mark.parametrize(("status", "body"), [(200, b"<h1>Hello</h1>"), (200, FORM.replace(b"POST", b"GET", 1)), (403, FORM), (500, b"")])
def test_a_page_that_sends_nobody_on_is_none(status: int, body: bytes) -> None:
    with pytest.raises(Unsatisfied, match="authorization endpoint"):
        request_in(answer(status, body), LAUNCH)


@pytest.mark.parametrize("query", ["", "state=", "state=a&state=b"])
def test_a_parameter_stands_once(query: str) -> None:
    with pytest.raises(Unsatisfied, match="state once"):
        request_in(answer(303, location=f"https://auth.example/authorize?{query}"), LAUNCH)["state"]


def test_the_entropy_of_what_libraries_make_is_enough_and_of_counters_is_not() -> None:
    makers = (lambda: str(uuid.uuid4()), lambda: secrets.token_urlsafe(21), lambda: secrets.token_hex(16))
    assert min(bits_of([make() for _ in range(8)]) for make in makers) >= 122
    few = (lambda: secrets.token_hex(8), lambda: "0" * 40 + secrets.token_urlsafe(8), lambda: f"{secrets.randbelow(10**30):030}")
    assert max(bits_of([make() for _ in range(8)]) for make in few) < 122


@responses.activate
def test_a_browser_keeps_its_cookies_to_itself() -> None:
    target = Target("https://app.example/fhir")
    responses.get(LAUNCH, headers={"Set-Cookie": "__Host-a=1; Secure; HttpOnly"})
    one, other = Browser(target), Browser(target)
    one.open(LAUNCH)
    one.open(LAUNCH)
    other.open(LAUNCH)
    assert [call.request.headers.get("Cookie") for call in responses.calls] == [None, "__Host-a=1", None]


def test_an_ear_hears_who_comes() -> None:
    with serving(Response("")) as root, listening_towards(root) as ear:
        assert ear.heard() == 0
        host, _, port = ear.place.rpartition(":")
        for _ in range(2):
            socket.create_connection((host, int(port)), timeout=5).close()
        assert ear.heard() == 2
