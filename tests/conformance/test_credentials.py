"""How the kit proves who it is: its assertion as SMART wants it, its tokens, and files with tokens."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import responses
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from conformance.credentials import (
    ASSERTION,
    SPELLINGS,
    BackendService,
    BackendToken,
    CredentialsUnusable,
    in_every_spelling,
    read_accepted,
    read_refused,
)
from conformance.target import without_cookies

TOKEN_URL = "https://auth.example/token"
KEYS = {"ES384": ECKey.generate_key("P-384"), "RS384": RSAKey.generate_key(2048)}


def service(alg: str = "ES384", **members: Any) -> BackendService:
    key = {**KEYS[alg].as_dict(private=True), "kid": "kit", "alg": alg}
    return BackendService(**{"token_url": TOKEN_URL, "client_id": "kit", "scope": "system/Encounter.r", "key": key} | members)


@pytest.mark.parametrize("alg", KEYS)
def test_the_assertion_is_as_smart_has_it(alg: str) -> None:
    now = time.time()
    signed = [jws.extract_compact(service(alg).assertion(now).encode()) for _ in range(2)]
    assert signed[0].protected == {"alg": alg, "kid": "kit", "typ": "JWT"}
    assert jws.validate_compact(signed[0], KEYS[alg], algorithms=[alg])
    first, second = (json.loads(one.payload) for one in signed)
    assert (first["iss"], first["sub"], first["aud"]) == ("kit", "kit", TOKEN_URL)
    assert now < first["exp"] <= now + 300
    assert first["jti"] != second["jti"] and len(first["jti"]) >= 22


@responses.activate
def test_a_token_is_asked_for_once_until_it_ends() -> None:
    asked = responses.post(TOKEN_URL, json={"access_token": "t-1", "expires_in": 300})
    token = BackendToken(service(resource="https://coder.example/fhir"), without_cookies())
    assert [token() for _ in range(3)] == [{"Authorization": "Bearer t-1"}] * 3
    form = {name: value for name, (value,) in parse_qs(asked.calls[0].request.body).items()}
    assert asked.call_count == 1
    assert form.pop("client_assertion").count(".") == 2
    assert form == {
        "grant_type": "client_credentials",
        "scope": "system/Encounter.r",
        "client_assertion_type": ASSERTION,
        "resource": "https://coder.example/fhir",
    }
    token.renewed()
    assert asked.call_count == 2


@responses.activate
def test_a_token_that_is_nearly_over_is_asked_for_anew() -> None:
    asked = responses.post(TOKEN_URL, json={"access_token": "t-1", "expires_in": 20})
    token = BackendToken(service(), without_cookies())
    assert token() == token()
    assert asked.call_count == 2


@responses.activate
def test_each_spelling_is_asked_for_when_it_is_used() -> None:
    asked = responses.post(TOKEN_URL, json={"access_token": "t-1", "expires_in": 300})
    spelled = in_every_spelling(BackendToken(service(), without_cookies()))
    assert asked.call_count == 0
    spelled["v1"]()
    assert parse_qs(asked.calls[0].request.body)["scope"] == [SPELLINGS["v1"]]


@responses.activate
@pytest.mark.parametrize("answer", [{"status": 401, "json": {"error": "invalid_client"}}, {"body": "no"}, {"json": []}])
def test_an_authorization_server_that_gives_none_is_told(answer: dict[str, Any]) -> None:
    responses.post(TOKEN_URL, **answer)
    with pytest.raises(CredentialsUnusable, match="gives no token"):
        BackendToken(service(), without_cookies())()


@pytest.mark.parametrize(
    ("read", "good"), [(read_refused, {"expired": "a.b.c", "narrow": "x"}), (read_accepted, {"v1": "a.b.c"})], ids=["refused", "accepted"]
)
def test_files_with_tokens(tmp_path: Path, read: Any, good: dict[str, str]) -> None:
    file = tmp_path / "tokens.json"
    file.write_text(json.dumps(good))
    assert set(read(file)) == set(good)
    for content in ("{", "[]", '{"unknown": "x"}', json.dumps({next(iter(good)): 7})):
        file.write_text(content)
        with pytest.raises(CredentialsUnusable, match=r"tokens\.json"):
            read(file)
    with pytest.raises(CredentialsUnusable):
        read(tmp_path / "none.json")


def test_a_registration_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "service.json"
    members = {"token_url": TOKEN_URL, "client_id": "kit", "scope": "s", "key": {"kty": "EC"}}
    file.write_text(json.dumps(members))
    assert BackendService.read(file) == BackendService(TOKEN_URL, "kit", "s", {"kty": "EC"})
    for content in ("{", "[]", json.dumps({**members, "key": None} | {"token_url": None}).replace("token_url", "url")):
        file.write_text(content)
        with pytest.raises(CredentialsUnusable, match="token_url"):
            BackendService.read(file)
