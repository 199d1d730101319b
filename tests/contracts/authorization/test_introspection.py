"""Opaque tokens of oidc-provider at our door: their issuer is asked, and what it says decides (RFC 7662)."""

from __future__ import annotations

import time

import pytest
import requests

from tests.contracts.authorization.authorization_server import AuthorizationServer
from tests.contracts.authorization.registered import SECRET
from tests.contracts.authorization.test_inbound_tokens import CHECK, check, token_for

TENANTS = {"client_secret_basic": "opaque-0", "client_secret_post": "opaque-1", "private_key_jwt": "opaque-2"}


def token(server: AuthorizationServer, tenant: str, scope: str = CHECK) -> str:
    return token_for(server, f"{server.coder}/t/{tenant}/fhir", scope)


@pytest.mark.parametrize("auth", TENANTS)
def test_an_active_token_comes_in_and_is_asked_after_once(server: AuthorizationServer, ours: str, auth: str) -> None:
    given = token(server, tenant := TENANTS[auth])
    assert "." not in given
    assert [check(ours, tenant, given).status_code for _ in range(3)] == [200] * 3
    assert [one["method"] for one in server.seen("/introspect")] == ["POST"]
    assert all(given not in str(one) for one in server.seen())


def test_a_revoked_token_does_not(server: AuthorizationServer, ours: str) -> None:
    given = token(server, "opaque-0")
    requests.post(f"{server.ehr}/revoke", data={"token": given}, auth=("engine", SECRET), timeout=10).raise_for_status()
    answer = check(ours, "opaque-0", given)
    assert (answer.status_code, given in answer.text) == (401, False)


def test_a_token_that_is_over_does_not(server: AuthorizationServer, ours: str) -> None:
    given = token(server, "opaque-0")
    server.set(clock_offset_s=400)
    assert check(ours, "opaque-0", given).status_code == 401


@pytest.mark.parametrize("resource", ["{coder}/t/opaque-1/fhir", "{ehr}/fhir"])
def test_a_token_for_another_audience_does_not(server: AuthorizationServer, ours: str, resource: str) -> None:
    """Both are active at the issuer, and one is for the EHR itself."""
    given = token_for(server, resource.format(coder=ours, ehr=server.ehr), CHECK)
    assert check(ours, "opaque-0", given).status_code == 401


@pytest.mark.parametrize("given", ["x" * 43, "made.up.token"])
def test_a_made_up_token_does_not(server: AuthorizationServer, ours: str, given: str) -> None:
    assert check(ours, "opaque-0", given).status_code == 401


def test_a_token_without_the_scope_is_told_which(server: AuthorizationServer, ours: str) -> None:
    answer = check(ours, "opaque-0", token(server, "opaque-0", "system/Patient.rs"))
    assert (answer.status_code, 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]) == (403, True)


def test_an_issuer_that_is_down_is_not_the_callers_fault(server: AuthorizationServer, ours: str) -> None:
    given = token(server, "opaque-0")
    server.set(down=["/introspect"])
    answer = check(ours, "opaque-0", given)
    wait_s = int(answer.headers["Retry-After"])
    assert (answer.status_code, 0 < wait_s <= 10) == (503, True)
    server.set(down=[])
    time.sleep(wait_s)
    assert check(ours, "opaque-0", given).status_code == 200
