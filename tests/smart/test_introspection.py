"""Opaque tokens: how the issuer is asked, what counts as active, what is remembered and for how long, and how little made-up tokens can do."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
import responses
from joserfc import jwt

from fhir_coder.errors import ConfigurationError, IssuerUnavailable, Unauthenticated
from fhir_coder.settings import Settings
from fhir_coder.smart.claims import ClaimRules
from fhir_coder.smart.introspected_tokens import (
    ACTIVE_LASTS_S,
    ALLOWANCE,
    MOST_ACTIVE,
    MOST_REFUSED,
    REFUSED_LASTS_S,
    IntrospectedTokens,
)
from fhir_coder.smart.introspection import RETRY_AFTER_S, IntrospectionEndpoint, unavailable
from fhir_coder.smart.introspection_settings import Introspection
from fhir_coder.smart.signing_key import new_key
from fhir_coder.smart.trust import Trust
from fhir_coder.smart.verifiers import make_verifiers
from tests.smart.issuer import ISSUER

URL = "https://auth.example/introspect"
SECRET = "s3cret%/+"


def secret_file(folder: Path, text: str = SECRET) -> str:
    path = folder / "secret"
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def endpoint(folder: Path, auth: str = "client_secret_basic", **members: str) -> IntrospectionEndpoint:
    secret = {} if auth == "private_key_jwt" else {"secret_file": secret_file(folder)}
    return IntrospectionEndpoint(Introspection(URL, auth, "us:1", **secret, **members), requests.Session)


def form(call: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(call.request.body.decode()).items()}


# ------------------------------------------------------------------------------------------------------------ how it is asked


@responses.activate
def test_a_secret_in_the_header(tmp_path: Path) -> None:
    responses.post(URL, json={"active": True})
    endpoint(tmp_path).ask("tok/en+1==")
    (call,) = responses.calls
    assert form(call) == {"token": "tok/en+1==", "token_type_hint": "access_token"}
    scheme, _, pair = call.request.headers["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(pair)) == ("Basic", b"us%3A1:s3cret%25%2F%2B")


@responses.activate
def test_a_secret_in_the_body(tmp_path: Path) -> None:
    responses.post(URL, json={"active": True})
    endpoint(tmp_path, "client_secret_post").ask("t")
    (call,) = responses.calls
    assert form(call) == {"token": "t", "token_type_hint": "access_token", "client_id": "us:1", "client_secret": SECRET}
    assert "Authorization" not in call.request.headers


@responses.activate
def test_a_token_of_our_own(tmp_path: Path) -> None:
    responses.post(URL, json={"active": True})
    endpoint(tmp_path, "bearer").ask("t")
    assert responses.calls[0].request.headers["Authorization"] == f"Bearer {SECRET}"


@responses.activate
@pytest.mark.parametrize("alg", ["RS384", "ES384"])
@pytest.mark.parametrize("audience", ["", "https://auth.example"])
def test_our_key_signs_a_new_assertion_for_each_question(tmp_path: Path, alg: str, audience: str) -> None:
    responses.post(URL, json={"active": True})
    key = new_key(tmp_path / "key.pem", alg)
    asked = endpoint(tmp_path, "private_key_jwt", key=str(tmp_path / "key.pem"), assertion_audience=audience)
    asked.ask("t")
    asked.ask("t")
    proofs = [jwt.decode(form(call)["client_assertion"], key.secret, algorithms=[alg]).claims for call in responses.calls]
    assert {one["aud"] for one in proofs} == {audience or URL}
    assert len({one["jti"] for one in proofs}) == 2


# ---------------------------------------------------------------------------------------------------------- what counts as active


NOT_ACTIVE: dict[str, dict[str, Any]] = {
    "says so": {"json": {"active": False}},
    "says so and more": {"json": {"active": False, "scope": "system/*.*", "exp": 9999999999}},
    "text": {"json": {"active": "true"}},
    "number": {"json": {"active": 1}},
    "missing": {"json": {"scope": "system/*.*"}},
    "null": {"json": {"active": None}},
    "list": {"json": [{"active": True}]},
    "no JSON": {"body": "active", "content_type": "application/json"},
    "empty": {"body": "", "content_type": "application/json"},
    "HTML": {"body": json.dumps({"active": True}), "content_type": "text/html"},
    "a signed answer, which is not asked for": {
        "body": json.dumps({"active": True}),
        "content_type": "application/token-introspection+jwt",
    },
    "nested without end": {"body": "[" * 100_000, "content_type": "application/json"},
    "201": {"json": {"active": True}, "status": 201},
    "400": {"json": {"active": True}, "status": 400},
    "401, our own proof is refused": {"json": {"active": True}, "status": 401},
    "404": {"json": {"active": True}, "status": 404},
    "redirect": {"json": {"active": True}, "status": 307, "headers": {"Location": "https://evil.example/introspect"}},
}


@responses.activate
@pytest.mark.parametrize("answer", NOT_ACTIVE.values(), ids=NOT_ACTIVE.keys())
def test_whatever_is_not_plainly_active_is_not(tmp_path: Path, answer: dict[str, Any]) -> None:
    responses.post(URL, **answer)
    assert endpoint(tmp_path).ask("t") is None
    assert len(responses.calls) == 1  # nothing was followed


DOWN: dict[str, dict[str, Any]] = {
    "503": {"status": 503},
    "500 that says active": {"json": {"active": True}, "status": 500},
    "429": {"status": 429},
    "timeout": {"body": requests.ReadTimeout()},
    "no connection": {"body": requests.ConnectionError("token t")},
}


@responses.activate
@pytest.mark.parametrize("answer", DOWN.values(), ids=DOWN.keys())
def test_an_issuer_that_is_down_is_told_apart(tmp_path: Path, answer: dict[str, Any]) -> None:
    responses.post(URL, **answer)
    with pytest.raises(IssuerUnavailable) as caught:
        endpoint(tmp_path).ask("t")
    assert (caught.value.status, caught.value.headers) == (503, {"Retry-After": "5"})


# ------------------------------------------------------------------------------------------------------------ what is remembered


class Issuer:
    """Counts its questions; every token in ``active`` has these claims."""

    def __init__(self, **active: Mapping[str, Any]) -> None:
        self.active = dict(active)
        self.asked: list[str] = []
        self.is_down = False

    def ask(self, token: str) -> Mapping[str, Any] | None:
        self.asked.append(token)
        if self.is_down:
            raise unavailable("down")
        return self.active.get(token)


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


GOOD = {"active": True, "aud": "https://coder.example/fhir", "scope": "system/Encounter.r"}


def verifier(issuer: Issuer, clock: Clock, **trust: Any) -> IntrospectedTokens:
    rules = ClaimRules(Trust(ISSUER, **trust), ("https://coder.example/fhir",), clock)
    return IntrospectedTokens(rules, issuer, clock)


def test_a_good_token_is_asked_after_once_a_minute() -> None:
    issuer, clock = Issuer(t=GOOD), Clock()
    tokens = verifier(issuer, clock)
    for _ in range(3):
        tokens.verify("t")
    assert issuer.asked == ["t"]
    issuer.active.clear()  # revoked
    clock.now += ACTIVE_LASTS_S - 1
    tokens.verify("t")
    clock.now += 1
    with pytest.raises(Unauthenticated):
        tokens.verify("t")
    assert issuer.asked == ["t", "t"]


def test_a_remembered_token_does_not_outlive_its_exp() -> None:
    clock = Clock()
    issuer = Issuer(t=GOOD | {"exp": clock.now - 50})  # within the leeway, for ten seconds
    tokens = verifier(issuer, clock)
    tokens.verify("t")
    clock.now += 11
    with pytest.raises(Unauthenticated, match="expired"):
        tokens.verify("t")
    assert issuer.asked == ["t"]


def test_a_refused_token_is_remembered_for_some_seconds() -> None:
    issuer, clock = Issuer(), Clock()
    tokens = verifier(issuer, clock)
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            tokens.verify("t")
    assert issuer.asked == ["t"]
    clock.now += REFUSED_LASTS_S
    issuer.active["t"] = GOOD
    tokens.verify("t")


def test_a_token_that_was_good_and_is_revoked_is_remembered_as_refused() -> None:
    """Else whoever goes on to use it would draw on the allowance of all with each call."""
    issuer, clock = Issuer(t=GOOD), Clock()
    tokens = verifier(issuer, clock)
    tokens.verify("t")
    issuer.active.clear()
    clock.now += ACTIVE_LASTS_S
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            tokens.verify("t")
    assert issuer.asked == ["t", "t"]


def test_no_token_is_kept_in_clear() -> None:
    issuer, clock = Issuer(opensesame=GOOD), Clock()
    tokens = verifier(issuer, clock)
    tokens.verify("opensesame")
    with pytest.raises(Unauthenticated):
        tokens.verify("opensesam0")
    assert "opensesam" not in str(vars(tokens))


def test_a_flood_of_made_up_tokens_asks_no_more_than_the_allowance_and_locks_out_nobody_who_is_known() -> None:
    issuer, clock = Issuer(t=GOOD), Clock()
    tokens = verifier(issuer, clock)
    tokens.verify("t")
    outcomes = []
    for number in range(10 * ALLOWANCE):
        try:
            tokens.verify(f"x{number}")
        except (Unauthenticated, IssuerUnavailable) as error:
            outcomes.append(type(error))
    assert len(issuer.asked) == 1 + ALLOWANCE
    assert (outcomes.count(Unauthenticated), outcomes.count(IssuerUnavailable)) == (ALLOWANCE, 9 * ALLOWANCE)
    tokens.verify("t")
    clock.now += 1
    issuer.active["new"] = GOOD
    tokens.verify("new")


def test_good_tokens_are_not_counted_against_the_allowance() -> None:
    count = 3 * ALLOWANCE
    issuer, clock = Issuer(**{f"t{number}": GOOD for number in range(count)}), Clock()
    tokens = verifier(issuer, clock)
    for number in range(count):
        tokens.verify(f"t{number}")


def test_what_is_remembered_does_not_grow_without_end() -> None:
    issuer, clock = Issuer(**{f"t{number}": GOOD for number in range(MOST_ACTIVE + 10)}), Clock()
    tokens = verifier(issuer, clock)
    for number in range(MOST_ACTIVE + 10):
        tokens.verify(f"t{number}")
    for number in range(MOST_REFUSED + 10):
        clock.now += 0.5
        with pytest.raises(Unauthenticated):
            tokens.verify(f"x{number}")
    assert (len(tokens._active), len(tokens._refused)) == (MOST_ACTIVE, MOST_REFUSED)


def test_while_the_issuer_is_down_it_is_not_asked_again_by_every_call() -> None:
    issuer, clock = Issuer(t=GOOD), Clock()
    issuer.is_down = True
    tokens = verifier(issuer, clock)
    for number in range(20):
        with pytest.raises(IssuerUnavailable):
            tokens.verify(f"t{number}")
    assert len(issuer.asked) == 1
    issuer.is_down = False
    clock.now += RETRY_AFTER_S
    tokens.verify("t")


def test_a_known_token_holds_while_the_issuer_is_down() -> None:
    issuer, clock = Issuer(t=GOOD), Clock()
    tokens = verifier(issuer, clock)
    tokens.verify("t")
    issuer.is_down = True
    tokens.verify("t")


# ------------------------------------------------------------------------------------------------------------ what it must say


def after(seconds: float) -> Callable[[float], float]:
    return lambda now: now + seconds


REFUSED: dict[str, dict[str, Any]] = {
    "another iss": {"iss": "https://evil.example"},
    "iss is null": {"iss": None},
    "another aud": {"aud": "https://other.example/fhir"},
    "aud is null": {"aud": None},
    "aud is empty": {"aud": []},
    "expired": {"exp": after(-61)},
    "exp is text": {"exp": "9999999999"},
    "exp is null": {"exp": None},
    "exp is true": {"exp": True},
    "not yet": {"nbf": after(61)},
    "issued in the future": {"iat": after(61)},
    "sub is a number": {"sub": 7},
    "client is a number": {"client_id": 7},
    "bound to a key": {"cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}},
    "bound to a certificate": {"cnf": {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}},
    "bound and nobody says to what": {"cnf": {}},
    "DPoP": {"token_type": "DPoP"},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED.keys())
def test_what_the_issuer_says_must_fit(changes: dict[str, Any]) -> None:
    clock = Clock()
    told = {name: value(clock.now) if callable(value) else value for name, value in changes.items()}
    with pytest.raises(Unauthenticated):
        verifier(Issuer(t=GOOD | told), clock).verify("t")


@pytest.mark.parametrize(
    ("clients", "client", "is_accepted"),
    [((), "a", False), (("a",), "a", True), (("a", "b"), "b", True), (("a",), "c", False), (("a",), None, False)],
)
def test_a_token_for_nobody_in_particular_counts_from_listed_clients_only(
    clients: tuple[str, ...], client: str | None, is_accepted: bool
) -> None:
    told = {"active": True, "scope": "system/Encounter.r"} | ({"client_id": client} if client else {})
    tokens = verifier(Issuer(t=told), Clock(), clients=clients)
    if is_accepted:
        tokens.verify("t")
    else:
        with pytest.raises(Unauthenticated):
            tokens.verify("t")


# ------------------------------------------------------------------------------------------------------------ how it is configured


def settings(introspection: Any, **trust: Any) -> Settings:
    row = {"id": "north", "trust": {"issuer": ISSUER, "introspection": introspection, **trust}}
    return Settings.from_environment({"FHIR_CODER_TENANTS": json.dumps([row])})


FINE = {"url": URL, "auth": "client_secret_basic", "client_id": "us", "secret_file": "/secret-value"}
FAULTY: dict[str, tuple[Any, dict[str, Any]]] = {
    "keys too": (FINE, {"jwks_url": "https://auth.example/jwks"}),
    "no object": ("secret-value", {}),
    "empty": ({}, {}),
    "http": (FINE | {"url": "http://secret-value/introspect"}, {}),
    "no auth": ({name: value for name, value in FINE.items() if name != "auth"}, {}),
    "none": (FINE | {"auth": "none"}, {}),
    "no client": ({name: value for name, value in FINE.items() if name != "client_id"}, {}),
    "no secret": ({name: value for name, value in FINE.items() if name != "secret_file"}, {}),
    "a key for a secret": (FINE | {"key": "/secret-value"}, {}),
    "a secret for a key": (FINE | {"auth": "private_key_jwt"}, {}),
    "the secret itself": (FINE | {"secret": "secret-value"}, {}),
    "HS256": ({"url": URL, "auth": "private_key_jwt", "client_id": "us", "key": "/k", "alg": "HS256"}, {}),
    "a number": (FINE | {"client_id": 7}, {}),
    "clients as text": (FINE, {"clients": "secret-value"}),
    "an empty client": (FINE, {"clients": [""]}),
}


@pytest.mark.parametrize(("introspection", "trust"), FAULTY.values(), ids=FAULTY.keys())
def test_a_faulty_configuration_stops_the_start(introspection: Any, trust: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings(introspection, **trust)
    assert "secret-value" not in caught.value.message


@pytest.mark.parametrize(
    ("content", "mode"), [(None, 0), ("s3cret", 0o644), ("s3cret", 0o640), ("", 0o600), ("two\nlines", 0o600), ("x" * 9000, 0o600)]
)
def test_a_secret_is_its_owners_alone(tmp_path: Path, content: str | None, mode: int) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_text(content)
        path.chmod(mode)
    with pytest.raises(ConfigurationError, match="secret file") as caught:
        IntrospectionEndpoint(Introspection(URL, "bearer", secret_file=str(path)), requests.Session)
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize("issuers", [(ISSUER, ISSUER), (ISSUER, f"{ISSUER}/south")], ids=["one issuer", "one endpoint"])
@pytest.mark.parametrize("shared", ["audience", "client"])
def test_two_tenants_may_not_accept_the_same_opaque_tokens(tmp_path: Path, shared: str, issuers: tuple[str, str]) -> None:
    """An answer may leave ``iss`` out, so that another issuer in the configuration keeps nothing apart where one endpoint is asked."""

    def trust(tenant: str) -> dict[str, Any]:
        members = {"url": URL, "auth": "bearer", "secret_file": secret_file(tmp_path)}
        audience = "https://a.example" if shared == "audience" else f"https://{tenant}.example"
        clients = [] if shared == "audience" else ["engine", tenant]
        return {
            "issuer": dict(zip(("north", "south"), issuers, strict=True))[tenant],
            "introspection": members,
            "audience": audience,
            "clients": clients,
        }

    rows = [{"id": tenant, "trust": trust(tenant)} for tenant in ("north", "south")]
    tenants = Settings.from_environment({"FHIR_CODER_TENANTS": json.dumps(rows)}).tenants
    with pytest.raises(ConfigurationError, match=f"north and south have one issuer .*and one {shared}"):
        make_verifiers({one.id: one.trust for one in tenants if one.trust}, lambda tenant: ())


def test_the_clock_of_claims_is_that_of_the_world() -> None:
    """Not the one that counts seconds since the machine started."""
    rules = ClaimRules(Trust(ISSUER, clients=("a",)), ())
    rules.require_told({"client_id": "a", "exp": time.time() + 5})
    with pytest.raises(Unauthenticated):
        rules.require_told({"client_id": "a", "exp": time.time() - 65})
