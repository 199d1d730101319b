"""Bearer tokens over HTTP: what is refused, with which status and challenge, and that nothing was asked of the engine then."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import responses

from fhir_coder.api.blueprint import create_api
from fhir_coder.api.log import JsonFormatter
from fhir_coder.errors import ConfigurationError
from fhir_coder.settings import Settings
from fhir_coder.smart.discovery import unfindable
from fhir_coder.smart.trust import Trust
from tests.api.conftest import SmallEngine, issue_of, parameters, post, resource_of
from tests.smart.issuer import (
    AUDIENCE,
    ISSUER,
    OTHER_P384,
    OTHER_RSA,
    P256,
    P384,
    RSA,
    SCOPE,
    claims,
    encode,
    key_set,
    public,
    sign,
    sign_plainly,
    token,
)

OPERATION = "/fhir/Encounter/e1/$code-encounter"
CHECK = "/fhir/Claim/$check-coding"
MARKER = "Zyxwomarker"


def after(seconds: float) -> float:
    """A moment as seen when the test runs, not when it was collected."""
    return int(time.time()) + seconds


@pytest.fixture
def guarded(make_client: Callable, tmp_path: Path):
    """``default`` trusts the issuer for its own base, ``north`` for its; no other tenant exists."""
    keys = tmp_path / "keys.json"
    keys.write_bytes(key_set())
    trust = {"issuer": ISSUER, "jwks_file": str(keys), "token_endpoint": "https://auth.example/token"}
    rows = [{"id": "default", "trust": trust}, {"id": "north", "trust": trust}]
    return make_client(FHIR_CODER_TENANTS=json.dumps(rows), FHIR_CODER_PUBLIC_URL="https://coder.example")


def bearer(given: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {given}"}


GOOD = {
    "RS256": lambda: token(),
    "RS384": lambda: sign(claims(), alg="RS384"),
    "ES256": lambda: sign(claims(), P256, alg="ES256", kid="p256"),
    "ES384": lambda: sign(claims(), P384, alg="ES384", kid="p384"),
    "no kid and one key that suits": lambda: sign(claims(), P384, alg="ES384", kid=None),
    "typ at+jwt": lambda: sign(claims(), typ="at+jwt"),
    "list aud": lambda: token(aud=["https://other.example", AUDIENCE]),
    "aud with a slash": lambda: token(aud=f"{AUDIENCE}/"),
    "aud of the longer base": lambda: token(aud="https://coder.example/t/default/fhir"),
    "expired within the leeway": lambda: token(exp=after(-30)),
    "issued by a clock that is ahead": lambda: token(iat=after(30), nbf=after(30)),
    "exp with a fraction": lambda: token(exp=after(300.5)),
    "no sub and no iat": lambda: token(sub=None, iat=None),
    "jku is ignored": lambda: sign(claims(), jku="https://evil.example/jwks"),
    "x5u is ignored": lambda: sign(claims(), x5u="https://evil.example/cert"),
    "embedded jwk is ignored": lambda: sign(claims(), jwk=public("rsa", OTHER_RSA)),
    "signed without a library": sign_plainly,
    "unknown header parameter": lambda: sign(claims(), **{"x-vendor": "1"}),
    "v1 scopes": lambda: token(scope="user/Encounter.read user/DocumentReference.read"),
    "scopes as a list": lambda: token(scope=SCOPE.split(" ")),
    "of this patient": lambda: token(scope="patient/*.read", patient="p1"),
    "of this encounter": lambda: token(encounter="e1"),
}


@pytest.mark.parametrize("make", GOOD.values(), ids=GOOD.keys())
def test_a_good_token_opens_the_operation(guarded, engine: SmallEngine, make: Callable[[], str]) -> None:
    with responses.RequestsMock():  # any request for what a header names would fail
        assert post(guarded, OPERATION, **bearer(make())).status_code == 200
    assert len(engine.requests) == 1


def hs256_with_the_public_key() -> str:
    """The confusion of algorithms: the public key, which all know, as the secret of an HMAC."""
    signed = f"{encode({'alg': 'HS256', 'kid': 'rsa'})}.{encode(claims())}"
    return f"{signed}.{encode(hmac.new(RSA.as_pem(private=False), signed.encode(), hashlib.sha256).digest())}"


def unsigned(alg: str, signature: str = "") -> str:
    return f"{encode({'alg': alg, 'kid': 'rsa'})}.{encode(claims())}.{signature}"


def altered() -> str:
    """The signature of other claims."""
    header, _, signature = token().split(".")
    return f"{header}.{encode(claims(scope='system/*.*'))}.{signature}"


def turned() -> str:
    """A signature with one bit turned."""
    signed, _, signature = token().rpartition(".")
    return f"{signed}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


BAD_TOKENS: dict[str, Callable[[], str]] = {
    "alg none": lambda: unsigned("none"),
    "alg none with a signature": lambda: unsigned("none", "AAAA"),
    "alg NONE": lambda: unsigned("NONE", "AAAA"),
    "no alg": lambda: f"{encode({'kid': 'rsa'})}.{encode(claims())}.AAAA",
    "alg is a list": lambda: f"{encode({'alg': ['RS256'], 'kid': 'rsa'})}.{encode(claims())}.AAAA",
    "HS256 with the public key as secret": hs256_with_the_public_key,
    "RS512, not allowed": lambda: sign(claims(), alg="RS512"),
    "PS256, not allowed": lambda: sign(claims(), alg="PS256"),
    "signed by a stranger": lambda: sign(claims(), OTHER_RSA),
    "signed by a stranger on a curve": lambda: sign(claims(), OTHER_P384, alg="ES384", kid="p384"),
    "stranger without kid": lambda: sign(claims(), OTHER_RSA, kid=None),
    "stranger with his key embedded": lambda: sign(claims(), OTHER_RSA, jwk=public("rsa", OTHER_RSA)),
    "stranger with his key embedded and no kid": lambda: sign(claims(), OTHER_RSA, kid=None, jwk=public("rsa", OTHER_RSA)),
    "stranger with jku": lambda: sign(claims(), OTHER_RSA, jku="https://evil.example/jwks"),
    "stranger with x5u": lambda: sign(claims(), OTHER_RSA, x5u="https://evil.example/cert"),
    "stranger with x5c": lambda: sign(claims(), OTHER_RSA, x5c=["MIIB"]),
    "key of another algorithm": lambda: sign(claims(), RSA, kid="p256"),
    "unknown kid": lambda: sign(claims(), kid="unknown"),
    "empty kid": lambda: sign(claims(), kid=""),
    "kid is a path": lambda: sign(claims(), kid="../../../dev/null"),
    "kid is a number": lambda: sign_plainly(kid=7),
    "crit": lambda: sign_plainly(crit=["x"], x=1),
    "crit is empty": lambda: sign_plainly(crit=[]),
    "crit that the library would understand": lambda: sign_plainly(crit=["b64"], b64=True),
    "b64 false": lambda: f"{encode({'alg': 'RS256', 'kid': 'rsa', 'b64': False})}.{encode(claims())}.AAAA",
    "altered claims": altered,
    "turned bit": turned,
    "short signature": lambda: token()[:-40],
    "expired": lambda: token(exp=after(-3600)),
    "expired beyond the leeway": lambda: token(exp=after(-90)),
    "no exp": lambda: token(exp=None),
    "exp is text": lambda: token(exp=str(after(300))),
    "exp is true": lambda: token(exp=True),
    "exp is a list": lambda: token(exp=[after(300)]),
    "exp is NaN": lambda: token(exp=float("nan")),
    "exp is infinite": lambda: token(exp=float("inf")),
    "exp beyond all time": lambda: token(exp=10**400),
    "exp of five thousand digits": lambda: sign(b'{"exp": ' + b"9" * 5000 + b"}"),
    "nbf in the future": lambda: token(nbf=after(3600)),
    "nbf is text": lambda: token(nbf="soon"),
    "nbf is null": lambda: sign(claims() | {"nbf": None}),
    "iat in the future": lambda: token(iat=after(3600)),
    "iat is an object": lambda: token(iat={"seconds": 7}),
    "wrong aud": lambda: token(aud="https://other.example/fhir"),
    "aud of the host alone": lambda: token(aud="https://coder.example"),
    "aud with the base as its beginning": lambda: token(aud=f"{AUDIENCE}/Encounter"),
    "list of wrong auds": lambda: token(aud=["https://other.example/fhir", 7, None]),
    "empty list of auds": lambda: token(aud=[]),
    "no aud": lambda: token(aud=None),
    "aud is an object": lambda: token(aud={AUDIENCE: True}),
    "aud of another tenant": lambda: token(aud="https://coder.example/t/north/fhir"),
    "wrong iss": lambda: token(iss="https://evil.example"),
    "iss with a slash": lambda: token(iss=f"{ISSUER}/"),
    "iss in capitals": lambda: token(iss=ISSUER.upper()),
    "iss is a list": lambda: token(iss=[ISSUER]),
    "no iss": lambda: token(iss=None),
    "sub is a number": lambda: token(sub=7),
    "patient is a number": lambda: token(patient=7),
    "patient is a reference": lambda: token(patient="Patient/p1"),
    "encounter is a list": lambda: token(encounter=["e1"]),
    "claims are a list": lambda: sign(b"[1]"),
    "claims are no JSON": lambda: sign(b"claims"),
    "claims are no UTF-8": lambda: sign(b"\xff\xfe"),
    "claims nested without end": lambda: sign(b"[" * 5000),
    "no claims": lambda: f"{encode({'alg': 'RS256', 'kid': 'rsa'})}..AAAA",
    "header is no JSON": lambda: f"{encode(b'header')}.{encode(claims())}.AAAA",
    "header is a list": lambda: f"{encode(['RS256'])}.{encode(claims())}.AAAA",
    "header is null": lambda: f"{encode(None)}.{encode(claims())}.AAAA",
    "two parts": lambda: token().rpartition(".")[0],
    "four parts": lambda: token() + ".AAAA",
    "five parts, encrypted": lambda: "eyJhbGciOiJSU0EtT0FFUCJ9.AAAA.AAAA.AAAA.AAAA",
    "opaque": lambda: "2YotnFZFEjr1zCsicMWpAA",
    "garbage": lambda: "§$%&/()=",
    "dots": lambda: "...",
    "oversized": lambda: token(padding="x" * 9000),
    "padded base64": lambda: token() + "=",
    "bound to a key": lambda: token(cnf={"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}),
    "bound to a certificate": lambda: token(cnf={"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}),
    "bound without saying to what": lambda: token(cnf={}),
    "client is a number": lambda: token(client_id=7),
    "azp is a list": lambda: token(azp=["engine"]),
}


@pytest.mark.parametrize("make", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
def test_a_token_that_proves_nothing_is_401(guarded, engine: SmallEngine, make: Callable[[], str]) -> None:
    with responses.RequestsMock():
        answer = post(guarded, OPERATION, b"{ this is never read", **bearer(make()))
    assert (answer.status_code, issue_of(answer)["code"]) == (401, "login")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="fhir-coder", error="invalid_token"'
    assert engine.requests == []


BAD_HEADERS: dict[str, Callable[[], list[tuple[str, str]]]] = {
    "two headers": lambda: [("Authorization", f"Bearer {token()}"), ("Authorization", f"Bearer {token()}")],
    "two headers, one of another scheme": lambda: [("Authorization", "Basic dTpw"), ("Authorization", f"Bearer {token()}")],
    "two tokens in one header": lambda: [("Authorization", f"Bearer {token()}, Bearer {token()}")],
    "two tokens with a blank": lambda: [("Authorization", f"Bearer {token()} {token()}")],
    "Basic": lambda: [("Authorization", "Basic dTpw")],
    "token under Basic": lambda: [("Authorization", f"Basic {token()}")],
    "DPoP": lambda: [("Authorization", f"DPoP {token()}")],
    "no scheme": lambda: [("Authorization", token())],
    "scheme alone": lambda: [("Authorization", "Bearer")],
    "empty": lambda: [("Authorization", "")],
    "no blank": lambda: [("Authorization", f"Bearer{token()}")],
    "tabulator": lambda: [("Authorization", f"Bearer\t{token()}")],
    "quoted": lambda: [("Authorization", f'Bearer "{token()}"')],
    "as a parameter": lambda: [("Authorization", f"Bearer token={token()}")],
}


@pytest.mark.parametrize("make", BAD_HEADERS.values(), ids=BAD_HEADERS.keys())
def test_a_header_that_holds_no_one_token_is_401(guarded, engine: SmallEngine, make: Callable[[], list[tuple[str, str]]]) -> None:
    answer = guarded.post(OPERATION, headers=make())
    assert (answer.status_code, issue_of(answer)["code"], engine.requests) == (401, "login", [])


def test_without_a_token_the_challenge_names_no_error(guarded, engine: SmallEngine) -> None:
    """RFC 6750 section 3.1: who did not know that a token is needed has made no mistake with it."""
    answer = post(guarded, OPERATION)
    assert (answer.status_code, answer.headers["WWW-Authenticate"], engine.requests) == (401, 'Bearer realm="fhir-coder"', [])


def test_a_scheme_is_written_in_any_case(guarded) -> None:
    assert guarded.post(OPERATION, headers={"Authorization": f"bEARER  {token()}"}).status_code == 200


@pytest.mark.parametrize("headers", [{}, "with a header too"])
def test_a_token_in_the_address_is_401(guarded, engine: SmallEngine, headers: Any) -> None:
    given = bearer(token()) if headers else {}
    assert post(guarded, f"{OPERATION}?access_token={token()}", **given).status_code == 401
    assert engine.requests == []


SHORT_OF_SCOPE = {
    "no scope": None,
    "empty": "",
    "a number": 7,
    "identity only": "openid fhirUser launch",
    "no documents": "system/Encounter.r",
    "documents that cannot be searched": "system/Encounter.r system/DocumentReference.r",
    "a part of the documents": "system/Encounter.r system/DocumentReference.rs?category=clinical-note",
    "write only": "system/*.write",
    "patient level without a patient": "patient/*.*",
    "letters out of order": "system/Encounter.r system/DocumentReference.sr",
}


@pytest.mark.parametrize("scope", SHORT_OF_SCOPE.values(), ids=SHORT_OF_SCOPE.keys())
def test_a_token_without_the_scope_is_403(guarded, engine: SmallEngine, scope: Any) -> None:
    answer = post(guarded, OPERATION, **bearer(token(scope=scope)))
    assert (answer.status_code, issue_of(answer)["details"]["coding"][0]["code"], engine.requests) == (403, "FC115", [])
    assert answer.headers["WWW-Authenticate"] == (
        'Bearer realm="fhir-coder", error="insufficient_scope", scope="system/Encounter.r system/DocumentReference.rs"'
    )


def claim(patient: str) -> bytes:
    return json.dumps(
        {
            "resourceType": "Claim",
            "status": "active",
            "type": {"text": "professional"},
            "use": "claim",
            "patient": {"reference": patient} if patient else {"display": "somebody"},
            "created": "2026-05-04",
            "provider": {"display": "Dr. Okafor"},
            "priority": {"text": "normal"},
            "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": "plan"}}],
            "diagnosis": [
                {"sequence": 1, "diagnosisCodeableConcept": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "I10"}]}}
            ],
        }
    ).encode()


@pytest.mark.parametrize(
    ("changes", "patient", "status"),
    [
        ({}, "Patient/p1", 200),
        ({"scope": "user/Condition.read"}, "Patient/p1", 200),
        ({"scope": "patient/Claim.r", "patient": "p1"}, "Patient/p1", 200),
        ({"scope": "patient/Claim.r", "patient": "p2"}, "Patient/p1", 403),
        ({"scope": "user/Claim.r", "patient": "p1"}, "", 403),
        ({"scope": "system/Encounter.r system/DocumentReference.rs"}, "Patient/p1", 403),
        ({"exp": 1}, "Patient/p1", 401),
    ],
)
def test_checking_needs_a_token_too(guarded, engine: SmallEngine, changes: dict[str, Any], patient: str, status: int) -> None:
    answer = post(guarded, CHECK, claim(patient), **bearer(token(**changes)))
    assert (answer.status_code, len(engine.checked)) == (status, 1 if status == 200 else 0)


def test_a_token_of_another_encounter_is_403(guarded, engine: SmallEngine) -> None:
    answer = post(guarded, OPERATION, **bearer(token(encounter="e2")))
    assert (answer.status_code, issue_of(answer)["code"], engine.requests) == (403, "forbidden", [])


def test_an_encounter_that_is_sent_without_an_id_is_nobodys(guarded, engine: SmallEngine) -> None:
    visit = {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
    }
    body = parameters({"name": "encounter", "resource": visit})
    assert post(guarded, "/fhir/Encounter/$code-encounter", body, **bearer(token(encounter="e1"))).status_code == 403
    assert engine.requests == []


def test_the_engine_learns_what_the_token_allows(guarded, engine: SmallEngine) -> None:
    scope = "patient/Encounter.r patient/DocumentReference.rs patient/Condition.cu patient/Task.write patient/Provenance.c"
    post(guarded, OPERATION, **bearer(token(scope=scope, patient="p1")))
    limits = engine.requests[0].limits
    assert (limits.patient, limits.may_fetch_attachments) == ("p1", False)
    assert limits.withheld == {("Claim", "create"), ("Claim", "update")}


def test_a_token_of_one_tenant_is_401_at_another(guarded, engine: SmallEngine) -> None:
    of_north = token(aud="https://coder.example/t/north/fhir")
    assert post(guarded, "/t/north" + OPERATION, **bearer(of_north)).status_code == 200
    assert post(guarded, "/t/north" + OPERATION, **bearer(token())).status_code == 401
    assert post(guarded, OPERATION, **bearer(of_north)).status_code == 401
    assert post(guarded, "/t/default" + OPERATION, **bearer(token())).status_code == 200
    assert [one.tenant for one in engine.requests] == ["north", "default"]


def test_an_unknown_tenant_is_404_with_and_without_a_token(guarded, engine: SmallEngine) -> None:
    answers = [post(guarded, "/t/south" + OPERATION, **headers) for headers in ({}, bearer(token()), bearer("garbage"))]
    assert [one.status_code for one in answers] == [404, 404, 404]
    assert guarded.post("/t/south" + OPERATION, environ_overrides={"REMOTE_ADDR": "192.0.2.7"}).status_code == 404
    assert engine.requests == []


@responses.activate
def test_a_flood_of_unknown_keys_asks_the_issuer_at_most_once(make_client: Callable, engine: SmallEngine) -> None:
    asked = responses.get("https://auth.example/jwks", body=key_set())
    rows = [{"id": "default", "trust": {"issuer": ISSUER, "jwks_url": "https://auth.example/jwks", "audience": AUDIENCE}}]
    client = make_client(FHIR_CODER_TENANTS=json.dumps(rows))
    assert {post(client, OPERATION, **bearer(sign(claims(), kid=f"k{number}"))).status_code for number in range(30)} == {401}
    assert (asked.call_count, engine.requests) == (1, [])
    assert post(client, OPERATION, **bearer(token())).status_code == 200


@responses.activate
def test_a_token_under_another_algorithm_asks_the_issuer_nothing(make_client: Callable) -> None:
    asked = responses.get("https://auth.example/jwks", body=key_set())
    rows = [{"id": "default", "trust": {"issuer": ISSUER, "jwks_url": "https://auth.example/jwks", "audience": AUDIENCE}}]
    assert post(make_client(FHIR_CODER_TENANTS=json.dumps(rows)), OPERATION, **bearer(hs256_with_the_public_key())).status_code == 401
    assert asked.call_count == 0


@responses.activate
def test_while_the_issuer_is_down_nobody_comes_in(make_client: Callable, engine: SmallEngine) -> None:
    responses.get("https://auth.example/jwks", status=503)
    rows = [{"id": "default", "trust": {"issuer": ISSUER, "jwks_url": "https://auth.example/jwks", "audience": AUDIENCE}}]
    assert post(make_client(FHIR_CODER_TENANTS=json.dumps(rows)), OPERATION, **bearer(token())).status_code == 401
    assert engine.requests == []


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"client_id": "engine"}, 200),
        ({"azp": "engine"}, 200),
        ({"client_id": "other"}, 401),
        ({}, 401),
        ({"client_id": "other", "azp": "engine"}, 401),
    ],
)
def test_a_list_of_clients_is_kept(
    make_client: Callable, engine: SmallEngine, tmp_path: Path, changes: dict[str, str], status: int
) -> None:
    (tmp_path / "keys.json").write_bytes(key_set())
    trust = {"issuer": ISSUER, "jwks_file": str(tmp_path / "keys.json"), "audience": AUDIENCE, "clients": ["engine"]}
    client = make_client(FHIR_CODER_TENANTS=json.dumps([{"id": "default", "trust": trust}]))
    assert post(client, OPERATION, **bearer(token(**changes))).status_code == status
    assert len(engine.requests) == (status == 200)


def test_an_allow_list_of_algorithms_is_kept(make_client: Callable, tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_bytes(key_set())
    trust = {"issuer": ISSUER, "jwks_file": str(tmp_path / "keys.json"), "audience": AUDIENCE, "algorithms": ["ES384"]}
    client = make_client(FHIR_CODER_TENANTS=json.dumps([{"id": "default", "trust": trust}]))
    assert post(client, OPERATION, **bearer(token())).status_code == 401
    assert post(client, OPERATION, **bearer(sign(claims(), P384, alg="ES384", kid="p384"))).status_code == 200


def test_outside_the_sandbox_a_tenant_without_trust_answers_nobody_and_says_what_to_do(make_client: Callable, engine: SmallEngine) -> None:
    client = make_client(sandbox=False)
    for address, headers in ((OPERATION, {}), ("/t/north" + CHECK, {}), (OPERATION, bearer(token()))):
        answer = client.post(address, headers=headers)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="fhir-coder"')
        assert "trust in FHIR_CODER_TENANTS" in issue_of(answer)["diagnostics"] and "--sandbox" in issue_of(answer)["diagnostics"]
    assert (engine.requests, engine.checked) == ([], [])
    assert client.get("/fhir/metadata").status_code == 200


def test_every_other_route_needs_a_token(guarded) -> None:
    """One that is added later as well: it must be named here to be open."""
    closed = {rule.rule for rule in guarded.application.url_map.iter_rules() if "POST" in (rule.methods or ())}
    assert len(closed) == 6
    for rule in closed:
        address = rule.replace("<tenant>", "north").replace("<encounter_id>", "e1")
        assert guarded.post(address).status_code == 401, address


OPEN = ["/health/live", "/health/ready", "/version", "/metrics", "/fhir/metadata", "/fhir/OperationDefinition/code-encounter"]


@pytest.mark.parametrize("address", [*OPEN, "/fhir/.well-known/smart-configuration", "/t/north/fhir/metadata"])
def test_what_describes_the_server_needs_no_token(guarded, address: str) -> None:
    assert guarded.get(address).status_code == 200


def test_the_base_names_its_authorization_server(guarded) -> None:
    answer = guarded.get("/t/north/fhir/.well-known/smart-configuration")
    assert (answer.content_type, answer.headers["Access-Control-Allow-Origin"]) == ("application/json", "*")
    document = answer.get_json()
    assert {"token_endpoint", "grant_types_supported", "capabilities", "code_challenge_methods_supported"} <= set(document)
    assert document["token_endpoint"] == "https://auth.example/token"
    assert not {"issuer", "authorization_endpoint", "response_types_supported"} & set(document)  # of sign-on and launch, which are not ours
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert "system/DocumentReference.rs" in document["scopes_supported"]


def test_an_authorization_endpoint_comes_with_the_response_type(make_client: Callable) -> None:
    trust = {"issuer": ISSUER, "jwks_url": f"{ISSUER}/jwks", "audience": AUDIENCE}
    endpoints = {"token_endpoint": f"{ISSUER}/token", "authorization_endpoint": f"{ISSUER}/authorize"}
    client = make_client(FHIR_CODER_TENANTS=json.dumps([{"id": "default", "trust": trust | endpoints}]))
    document = client.get("/fhir/.well-known/smart-configuration").get_json()
    assert endpoints.items() <= document.items()
    assert (document["response_types_supported"], document["jwks_uri"]) == (["code"], f"{ISSUER}/jwks")


def test_pages_of_any_origin_may_read_what_leads_to_the_authorization_server(client, guarded) -> None:
    for answer in (guarded.get("/fhir/metadata"), client.get("/fhir/metadata"), guarded.get("/fhir/.well-known/smart-configuration")):
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert "Access-Control-Allow-Origin" not in guarded.get("/fhir/OperationDefinition/code-encounter").headers


def test_a_base_without_an_authorization_server_names_none(client, guarded) -> None:
    answer = client.get("/fhir/.well-known/smart-configuration")
    assert answer.status_code == 404
    assert "names no authorization server" in resource_of(answer)["issue"][0]["diagnostics"]
    assert guarded.get("/t/south/fhir/.well-known/smart-configuration").status_code == 404  # it has an issuer, and no token endpoint


def test_a_base_whose_token_endpoint_is_not_known_says_so_and_does_not_call_itself_smart(make_client: Callable) -> None:
    """SMART App Launch 2.2 requires token_endpoint in the document: one without it would be wrong."""
    trust = {"issuer": ISSUER, "jwks_url": f"{ISSUER}/jwks", "audience": AUDIENCE}
    client = make_client(FHIR_CODER_TENANTS=json.dumps([{"id": "default", "trust": trust}]))
    answer = client.get("/fhir/.well-known/smart-configuration")
    (issue,) = resource_of(answer)["issue"]
    assert (answer.status_code, issue["code"]) == (404, "not-supported")
    assert "token_endpoint" in issue["diagnostics"] and "FHIR_CODER_TENANTS" in issue["diagnostics"]
    security = resource_of(client.get("/fhir/metadata"))["rest"][0]["security"]
    assert security["service"][0]["coding"][0]["code"] == "OAuth" and "extension" not in security


def test_the_operator_is_told_whose_clients_cannot_find_out_where_to_ask_for_tokens() -> None:
    known, unknown = Trust(ISSUER, token_endpoint=f"{ISSUER}/token"), Trust(ISSUER)
    (line,) = unfindable([("north", known), ("south", unknown), ("west", None)])
    assert line.startswith("tenant south: trust names no token_endpoint")


def test_the_capability_statement_tells_how_callers_prove_themselves(client, guarded) -> None:
    security = resource_of(guarded.get("/fhir/metadata"))["rest"][0]["security"]
    assert security["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"
    assert security["extension"][0]["extension"] == [{"url": "token", "valueUri": "https://auth.example/token"}]
    assert "SMART-on-FHIR" in guarded.get("/fhir/metadata?_format=xml").get_data(as_text=True)
    assert "security" not in resource_of(client.get("/fhir/metadata"))["rest"][0]


MARKED = {
    "valid": lambda: token(sub=MARKER, jti=MARKER),
    "issuer": lambda: token(iss=f"https://{MARKER}.example"),
    "audience": lambda: token(aud=MARKER),
    "scope": lambda: token(scope=MARKER),
    "patient": lambda: token(patient=f"{MARKER} {MARKER}"),
    "encounter": lambda: token(encounter=MARKER),
    "kid": lambda: sign(claims(), kid=MARKER),
    "opaque": lambda: MARKER,
    "claims": lambda: sign(f'{{"{MARKER}'.encode()),
}


@pytest.mark.parametrize("make", MARKED.values(), ids=MARKED.keys())
def test_nothing_of_a_token_or_body_reaches_log_metrics_or_answer(
    guarded, log_lines: list[logging.LogRecord], make: Callable[[], str]
) -> None:
    given = make()
    body = parameters({"name": "note", "valueString": f"{MARKER} disease"})
    answers = [
        post(guarded, OPERATION, body, **bearer(given)),
        post(guarded, f"{OPERATION}?access_token={MARKER}", body, **bearer(given)),
        post(guarded, CHECK, body, **bearer(given)),
    ]
    said = "".join(one.get_data(as_text=True) + str(one.headers) for one in answers)
    said += "".join(JsonFormatter().format(line) + str(line.args) for line in log_lines)
    said += guarded.get("/metrics").get_data(as_text=True)
    assert log_lines
    assert MARKER not in said
    assert not any(part in said for part in given.split(".") if len(part) > 20)


def test_the_start_is_refused_without_our_own_address(engine: SmallEngine) -> None:
    rows = [{"id": "default", "trust": {"issuer": ISSUER, "jwks_url": "https://auth.example/jwks"}}]
    with pytest.raises(ConfigurationError, match="FHIR_CODER_PUBLIC_URL"):
        create_api(engine, Settings.from_environment({"FHIR_CODER_TENANTS": json.dumps(rows)}))
