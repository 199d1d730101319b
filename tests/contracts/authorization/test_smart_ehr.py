"""The stage itself: what the authorization server does for a launch is SMART App Launch 2.2, asked by hand and not by our client."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from tests.contracts.authorization.authorization_server import AuthorizationServer
from tests.contracts.authorization.person import Person, Query
from tests.contracts.authorization.registered import SECRET

VERIFIER = "a-verifier-of-forty-three-letters-or-more-0123456789"
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SCOPE = "openid fhirUser profile launch offline_access patient/Patient.rs patient/Encounter.r"
CONTEXT = {"patient": "p1", "encounter": "e1", "need_patient_banner": True, "intent": "review"}


def request_for(server: AuthorizationServer, **changes: str | None) -> str:
    """The URL of an authorization request; None leaves a parameter out."""
    parameters: dict[str, str | None] = {
        "response_type": "code",
        "client_id": "app-none",
        "redirect_uri": f"{server.coder}/callback",
        "scope": SCOPE,
        "state": "s" * 32,
        "nonce": "n" * 32,
        "aud": server.base,
        "launch": "of-today",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    given = {name: value for name, value in (parameters | changes).items() if value is not None}
    return f"{server.ehr}/authorize?{urlencode(given)}"


def exchange(server: AuthorizationServer, query: Query, **changes: str) -> requests.Response:
    form = {
        "grant_type": "authorization_code",
        "code": query["code"][0],
        "redirect_uri": f"{server.coder}/callback",
        "code_verifier": VERIFIER,
    }
    return requests.post(f"{server.ehr}/token", data=form | {"client_id": "app-none"} | changes, timeout=10)


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    return dict(json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


@pytest.fixture
def launched(server: AuthorizationServer) -> AuthorizationServer:
    server.set(launches={"of-today": CONTEXT}, standalone={"patient": "p7"})
    return server


def test_a_launch_gives_context_identity_and_a_token_that_opens_the_record(launched: AuthorizationServer) -> None:
    query = Person(launched).decides(request_for(launched))
    assert (query["state"], query["iss"]) == (["s" * 32], [launched.ehr])
    answer = exchange(launched, query)
    body = answer.json()
    assert answer.headers["Cache-Control"] == "no-store"
    assert {name: body[name] for name in CONTEXT} == CONTEXT
    assert set(body["scope"].split()) == set(SCOPE.split())
    assert body["token_type"] == "Bearer"
    identity = claims_of(body["id_token"])
    assert (identity["iss"], identity["aud"], identity["nonce"]) == (launched.ehr, "app-none", "n" * 32)
    assert (identity["fhirUser"], identity["name"]) == ("Practitioner/dr-amara", "Dr Amara Osei")


def test_a_code_and_a_refresh_token_are_good_once(launched: AuthorizationServer) -> None:
    query = Person(launched).decides(request_for(launched))
    first = exchange(launched, query).json()
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], "client_id": "app-none"}
    second = requests.post(f"{launched.ehr}/token", data=form, timeout=10).json()
    assert second["patient"] == "p1"
    assert second["refresh_token"] != first["refresh_token"]
    assert requests.post(f"{launched.ehr}/token", data=form, timeout=10).json()["error"] == "invalid_grant"
    assert exchange(launched, query).json()["error"] == "invalid_grant"


def test_a_standalone_launch_chooses_a_patient(launched: AuthorizationServer) -> None:
    scope = "openid fhirUser launch/patient patient/Patient.rs"
    body = exchange(launched, Person(launched).decides(request_for(launched, launch=None, scope=scope))).json()
    assert (body["patient"], "refresh_token" in body) == ("p7", False)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"aud": "{base}/"}, "invalid_target"),
        ({"aud": None}, "invalid_request"),
        ({"launch": "unknown"}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
    ids=["a slash behind aud", "no aud", "unknown launch", "no PKCE", "plain PKCE"],
)
def test_what_the_server_refuses_at_once(launched: AuthorizationServer, changes: dict[str, str | None], error: str) -> None:
    given = {name: value and value.format(base=launched.base) for name, value in changes.items()}
    assert Person(launched).decides(request_for(launched, **given))["error"] == [error]


def test_a_person_may_refuse(launched: AuthorizationServer) -> None:
    assert Person(launched).decides(request_for(launched), "refuse")["error"] == ["access_denied"]


def test_another_verifier_gets_nothing(launched: AuthorizationServer) -> None:
    query = Person(launched).decides(request_for(launched))
    assert exchange(launched, query, code_verifier="x" * 50).json()["error"] == "invalid_grant"


def test_opaque_tokens_are_told_by_introspection_alone(launched: AuthorizationServer) -> None:
    body = exchange(launched, Person(launched).decides(request_for(launched))).json()

    def ask(token: str) -> Any:
        return requests.post(
            f"{launched.ehr}/introspect", data={"token": token}, auth=("asks-client_secret_basic", SECRET), timeout=10
        ).json()

    told = ask(body["access_token"])
    assert (told["active"], told["aud"], told["patient"], told["client_id"]) == (True, launched.base, "p1", "app-none")
    assert ask("another") == {"active": False}
    launched.set(clock_offset_s=3600)
    assert ask(body["access_token"]) == {"active": False}
