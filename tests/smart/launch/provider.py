"""An EHR and its authorization server as a launch meets them: real keys and tokens, answers that a test can spoil."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import requests
import responses

from fhir_coder.smart.launch.flow import AuthorizationFlow
from fhir_coder.smart.launch.launched import Launched, Pending
from fhir_coder.smart.launch.registration import Registration, read_launch, read_sign_in
from tests.smart.issuer import key_set, sign

BASE = "https://ehr.example/fhir/r4"
ISSUER = "https://auth.example"
AUTHORIZE = f"{ISSUER}/authorize"
TOKEN = f"{ISSUER}/token"
JWKS = f"{ISSUER}/jwks"
END = f"{ISSUER}/end"
REVOKE = f"{ISSUER}/revoke"
SMART = f"{BASE}/.well-known/smart-configuration"
METADATA = f"{BASE}/metadata"
OPENID = f"{ISSUER}/.well-known/openid-configuration"
OPENID_OF_BASE = f"{BASE}/.well-known/openid-configuration"
CALLBACK = "https://coder.example/callback"
CLIENT = "coder"
SCOPE = "launch openid fhirUser patient/Encounter.rs offline_access"
NOW = 1_800_000_000.0

DOCUMENT = {
    "issuer": ISSUER,
    "jwks_uri": JWKS,
    "authorization_endpoint": AUTHORIZE,
    "token_endpoint": TOKEN,
    "revocation_endpoint": REVOKE,
    "end_session_endpoint": END,
    "code_challenge_methods_supported": ["S256"],
    "capabilities": ["launch-ehr", "sso-openid-connect"],
}
"""A SMART configuration that leaves nothing out."""


def without(members: Mapping[str, Any]) -> dict[str, Any]:
    """The members that are not None."""
    return {name: value for name, value in members.items() if value is not None}


def registered(**members: Any) -> Registration:
    """Our client at the EHR."""
    return read_launch("north", "main", BASE, {"client_id": CLIENT, "scope": SCOPE} | members)


def practice(**members: Any) -> Registration:
    """Our client at the practice's own provider."""
    return read_sign_in("north", {"issuer": ISSUER, "client_id": CLIENT} | members)


@dataclass
class Provider:
    """What is published and answered. ``claims`` and ``answer`` change a good id_token and token answer; None takes a member away."""

    mock: responses.RequestsMock
    registration: Registration
    now: float = NOW
    elapsed: float = 0.0
    claims: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    key: Any = None
    nonce: str = ""
    status: int = 200

    def __post_init__(self) -> None:
        self.flow = self.made(self.registration)

    def made(self, *registrations: Registration) -> AuthorizationFlow:
        return AuthorizationFlow(registrations, requests.Session, lambda: self.now, lambda: self.elapsed)

    def publish(self, **changes: Any) -> None:
        """The SMART configuration (and that of OpenID Connect), with changes."""
        for url in (SMART, OPENID):
            self.mock.upsert("GET", url, json=without(DOCUMENT | changes))

    def id_token(self) -> str:
        good = {
            "iss": ISSUER,
            "aud": CLIENT,
            "sub": "u-7",
            "iat": int(self.now),
            "exp": int(self.now) + 300,
            "nonce": self.nonce,
            "fhirUser": "Practitioner/7",
            "name": "Ann Lee",
        }
        keys = {} if self.key is None else {"key": self.key}
        return sign(without(good | self.claims), **keys, **self.header)

    def give(self, request: Any) -> tuple[int, dict[str, str], str]:
        """The token endpoint."""
        good = {
            "access_token": "at-1",
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": SCOPE,
            "refresh_token": "rt-1",
            "id_token": self.id_token(),
            "patient": "p1",
            "encounter": "e1",
            "need_patient_banner": False,
        }
        return self.status, {"Cache-Control": "no-store"}, json.dumps(without(good | self.answer))

    def begin(self, launch: str = "xyz", **more: Any) -> tuple[dict[str, str], Pending]:
        """The parameters of the authorization request, and what was kept."""
        url, pending = self.flow.begin(self.registration, CALLBACK, launch, **more)
        self.nonce = pending.nonce
        return dict(parse_qsl(urlsplit(url).query, strict_parsing=True)), pending

    def finish(self, **query: str | list[str] | None) -> Launched:
        """A whole sign-in; ``query`` changes what the browser brings back."""
        _, pending = self.begin(launch="xyz" if self.registration.is_smart else "")
        given = without({"code": "c-1", "state": pending.state} | query)
        return self.flow.finish(pending, {name: value if isinstance(value, list) else [value] for name, value in given.items()})

    def asked(self, url: str) -> list[Any]:
        """The requests that went to a URL."""
        return [call.request for call in self.mock.calls if call.request.url == url]

    def form(self) -> dict[str, str]:
        """The form that came to the token endpoint last."""
        body = self.asked(TOKEN)[-1].body
        return {name: one for name, (one,) in parse_qs(body.decode() if isinstance(body, bytes) else body, strict_parsing=True).items()}


@contextmanager
def provider(registration: Registration | None = None) -> Iterator[Provider]:
    """A provider that works."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        one = Provider(mock, registration or registered())
        for url in (SMART, OPENID):
            mock.add("GET", url, json=DOCUMENT)
        mock.add("GET", JWKS, body=key_set())
        mock.add_callback("POST", TOKEN, callback=one.give, content_type="application/json")
        yield one


def changed(registration: Registration, **members: Any) -> Registration:
    """A registration with other values, unchecked."""
    return replace(registration, **members)
