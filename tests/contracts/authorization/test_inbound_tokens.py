"""Tokens of oidc-provider at our door: an integration engine that is registered at the practice's own authorization server calls us over TLS."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from joserfc import jws

from fhir_coder.smart.keys import KEYS_LAST_S, REFRESH_INTERVAL_S, IssuerKeys
from tests.contracts.authorization.authorization_server import AuthorizationServer
from tests.contracts.authorization.registered import SECRET
from tests.simulated_ehr import SimulatedEhr

CHECK = "system/Claim.r"
CODE = "system/Encounter.r system/DocumentReference.rs"
WRITE = "system/Binary.r system/Condition.cu system/Claim.cu system/Task.cu system/Provenance.c"
FHIR = {"Content-Type": "application/fhir+json"}
CLAIM = {
    "resourceType": "Claim",
    "status": "active",
    "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "professional"}]},
    "use": "claim",
    "patient": {"reference": "Patient/1"},
    "created": "2026-05-04",
    "provider": {"reference": "Practitioner/1"},
    "priority": {"coding": [{"code": "normal"}]},
    "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/1"}}],
    "diagnosis": [
        {"sequence": 1, "diagnosisCodeableConcept": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "I10"}]}}
    ],
    "item": [
        {
            "sequence": 1,
            "diagnosisSequence": [1],
            "servicedDate": "2026-05-04",
            "productOrService": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "99213"}]},
        }
    ],
}


def token_for(server: AuthorizationServer, resource: str, scope: str) -> str:
    """A token that the authorization server gives the engine for one resource."""
    form = {"grant_type": "client_credentials", "scope": scope, "resource": resource}
    answer = requests.post(f"{server.ehr}/token", data=form, auth=("engine", SECRET), timeout=10)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def call(url: str, token: str, body: dict[str, Any]) -> requests.Response:
    return requests.post(url, json=body, headers=FHIR | {"Authorization": f"Bearer {token}"}, timeout=60)


def check(ours: str, tenant: str, token: str) -> requests.Response:
    return call(f"{ours}/t/{tenant}/fhir/Claim/$check-coding", token, CLAIM)


@pytest.mark.parametrize(
    ("tenant", "alg", "status"),
    [
        ("north", "RS256", 200),
        ("north", "RS384", 200),
        ("north", "ES256", 200),
        ("north", "ES384", 200),
        ("north", "RS512", 401),
        ("north", "PS256", 401),
        ("strict", "ES384", 200),
        ("strict", "ES256", 401),
        ("strict", "RS256", 401),
    ],
)
def test_tokens_signed_with_an_allowed_algorithm_come_in(
    server: AuthorizationServer, ours: str, tenant: str, alg: str, status: int
) -> None:
    server.set(access_token_alg=alg)
    token = token_for(server, f"{ours}/t/{tenant}/fhir", CHECK)
    assert jws.extract_compact(token.encode()).protected["alg"] == alg
    answer = check(ours, tenant, token)
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")


@pytest.mark.parametrize("resource", ["{coder}/t/strict/fhir", "{coder}/t/north", "{coder}/", "{ehr}/fhir"])
def test_a_token_for_another_audience_does_not(server: AuthorizationServer, ours: str, resource: str) -> None:
    """That of the EHR itself included: it is opaque, and made for the EHR."""
    token = token_for(server, resource.format(coder=ours, ehr=server.ehr), CHECK)
    answer = check(ours, "north", token)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="fhir-coder", error="invalid_token"')
    assert token not in answer.text


def test_the_shorter_base_of_the_default_tenant_is_an_audience_too(server: AuthorizationServer, ours: str) -> None:
    token = token_for(server, f"{ours}/fhir", CHECK)
    assert call(f"{ours}/fhir/Claim/$check-coding", token, CLAIM).status_code == 200


@pytest.mark.parametrize("scope", ["system/Patient.rs", "system/Claim.s", "system/Claim.write"])
def test_a_token_without_the_scope_is_told_which(server: AuthorizationServer, ours: str, scope: str) -> None:
    answer = check(ours, "north", token_for(server, f"{ours}/t/north/fhir", scope))
    assert answer.status_code == 403
    assert 'error="insufficient_scope", scope="system/Claim.r"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("ahead_s", "lasts_s", "status"),
    [(0, 300, 200), (45, 300, 200), (75, 300, 401), (-45, 1, 200), (-75, 1, 401), (-3600, 300, 401)],
    ids=["right", "ahead within the leeway", "too far ahead", "over within the leeway", "over", "an hour behind"],
)
def test_clocks_may_be_a_minute_apart(server: AuthorizationServer, ours: str, ahead_s: int, lasts_s: int, status: int) -> None:
    server.set(clock_offset_s=ahead_s, access_token_ttl_s=lasts_s)
    assert check(ours, "north", token_for(server, f"{ours}/t/north/fhir", CHECK)).status_code == status


def test_an_engine_has_an_encounter_coded_at_the_ehr(server: AuthorizationServer, ours: str, ehr: SimulatedEhr) -> None:
    """Every part at once: its token opens our door, ours by Backend Services the EHR's, and our key set is read from our own server."""
    url = f"{ours}/t/north/fhir/Encounter/heart-failure/$code-encounter"
    body = {"resourceType": "Parameters", "parameter": [{"name": "writeBack", "valueBoolean": True}]}
    already = len(ehr.calls)
    refused = call(url, token_for(server, f"{ours}/t/north/fhir", CHECK), body)
    assert (refused.status_code, len(ehr.calls)) == (403, already)
    assert call(url, token_for(server, f"{ours}/t/north/fhir", f"{CODE} {WRITE}"), body).status_code == 200
    assert {"GET Encounter/heart-failure", "POST Condition", "POST Claim", "POST Provenance"} <= set(ehr.calls[already:])


# ------------------------------------------------------------------------------------------------------------ rotation of the issuer's keys


def test_a_token_under_a_new_key_waits_a_minute_at_most_and_the_known_ones_never(server: AuthorizationServer, ours: str) -> None:
    base = f"{ours}/t/rotated/fhir"
    old = token_for(server, base, CHECK)
    assert check(ours, "rotated", old).status_code == 200
    server.set(keys=["second", "first"])
    new = token_for(server, base, CHECK)
    assert [check(ours, "rotated", one).status_code for one in (new, old, new, old)] == [401, 200, 401, 200]
    assert len(server.seen("/keys")) == 1


class Watched:
    """Our memory of the real server's keys, with a clock of the test."""

    def __init__(self, server: AuthorizationServer) -> None:
        self.now = 0.0
        self._keys = IssuerKeys(lambda: requests.get(f"{server.ehr}/keys", timeout=10).content, lambda: self.now)

    def accepts(self, token: str) -> bool:
        signed = jws.extract_compact(token.encode())
        kid, alg = signed.protected["kid"], signed.protected["alg"]
        key = self._keys.find(kid, alg)
        return key is not None and jws.validate_compact(signed, key.key, algorithms=[alg])


def test_rotation_as_the_issuer_does_it(server: AuthorizationServer) -> None:
    audience = f"{server.coder}/t/north/fhir"
    watched = Watched(server)
    first = token_for(server, audience, CHECK)
    assert watched.accepts(first)
    server.set(keys=["first", "second"])  # published, and not used yet
    watched.now += KEYS_LAST_S + 1
    assert watched.accepts(first)
    server.set(keys=["second", "first"])  # used: known already, nothing is asked
    asked = len(server.seen("/keys"))
    second = token_for(server, audience, CHECK)
    assert watched.accepts(second)
    assert len(server.seen("/keys")) == asked
    server.set(keys=["second"])  # the first one is withdrawn
    assert watched.accepts(first)
    watched.now += KEYS_LAST_S + 1
    assert (watched.accepts(first), watched.accepts(second)) == (False, True)


def test_unannounced_keys_cost_one_request_in_a_minute(server: AuthorizationServer) -> None:
    audience = f"{server.coder}/t/north/fhir"
    watched = Watched(server)
    assert watched.accepts(token_for(server, audience, CHECK))
    server.set(keys=["third"])
    token = token_for(server, audience, CHECK)
    assert [watched.accepts(token) for _ in range(20)] == [False] * 20
    assert len(server.seen("/keys")) == 1
    watched.now += REFRESH_INTERVAL_S
    assert watched.accepts(token)
    assert len(server.seen("/keys")) == 2


def test_parts_of_two_good_tokens_make_no_third(server: AuthorizationServer) -> None:
    audience = f"{server.coder}/t/north/fhir"
    watched = Watched(server)
    token = token_for(server, audience, CHECK)
    header, payload, signature = token.split(".")
    server.set(keys=["fourth"])
    other = token_for(server, audience, CHECK).split(".")
    assert not watched.accepts(".".join((header, payload, other[2])))
    assert not watched.accepts(".".join((header, other[1], signature)))
