"""The configuration of launch and sign_in: what is incomplete or unsafe stops the start, and no value is repeated."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fhir_coder.errors import ConfigurationError
from fhir_coder.settings import Settings
from fhir_coder.smart.launch.registration import Registration

BASE = "https://ehr.example/fhir"


def launch(base_url: str = BASE, **members: Any) -> Registration:
    row = {"id": "main", "base_url": base_url, "launch": {"client_id": "c", "scope": "launch openid"} | members}
    (tenant,) = Settings.from_environment({"FHIR_CODER_TENANTS": json.dumps([{"id": "north", "ehrs": [row]}])}).tenants
    registration = tenant.ehrs[0].launch
    assert registration is not None
    return registration


def sign_in(**members: Any) -> Registration:
    row = {"id": "north", "sign_in": {"client_id": "c", "issuer": "https://id.example"} | members}
    (tenant,) = Settings.from_environment({"FHIR_CODER_TENANTS": json.dumps([row])}).tenants
    assert tenant.sign_in is not None
    return tenant.sign_in


def test_a_launch_is_read() -> None:
    assert launch(
        auth="client_secret_basic", secret_file="/s", frame_ancestors=["https://ehr.example"], requires_nonce=False
    ) == Registration(
        "north",
        "main",
        BASE,
        "c",
        "launch openid",
        True,
        "client_secret_basic",
        "/s",
        frame_ancestors=("https://ehr.example",),
        requires_nonce=False,
    )


def test_a_sign_in_is_read() -> None:
    expected = Registration("north", "", "https://id.example", "c", "openid profile email", False, requires_listed_pkce=False)
    assert sign_in() == expected
    assert sign_in(requires_listed_pkce=True).requires_listed_pkce


def test_the_urls_that_the_site_named_are_told() -> None:
    assert launch(token_endpoint="https://a.example/t", oidc_issuer="https://i.example").configured_urls == (
        BASE,
        "https://a.example/t",
        "https://i.example",
    )
    assert sign_in().configured_urls == ("https://id.example",)


def test_neither_need_be_there() -> None:
    (tenant,) = Settings.from_environment(
        {"FHIR_CODER_TENANTS": json.dumps([{"id": "n", "ehrs": [{"id": "m", "base_url": BASE}]}])}
    ).tenants
    assert (tenant.sign_in, tenant.ehrs[0].launch) == (None, None)


WRONG: dict[str, dict[str, Any]] = {
    "misspelt": {"client": "evil"},
    "no client": {"client_id": ""},
    "client is a number": {"client_id": 5},
    "no scope": {"scope": ""},
    "scope without openid": {"scope": "launch evil"},
    "scope with two blanks": {"scope": "openid  evil"},
    "scope with a line end": {"scope": "openid\nevil"},
    "scope is a list": {"scope": ["openid"]},
    "another method": {"auth": "client_secret_jwt"},
    "secret without a method": {"secret_file": "/evil"},
    "method without a secret": {"auth": "client_secret_post"},
    "key without its method": {"key": "/evil"},
    "method without a key": {"auth": "private_key_jwt"},
    "key and secret": {"auth": "private_key_jwt", "key": "/evil", "secret_file": "/evil"},
    "alg without a key": {"alg": "RS384"},
    "another alg": {"auth": "private_key_jwt", "key": "/evil", "alg": "HS256"},
    "plain endpoint": {"token_endpoint": "http://evil.example/token"},
    "plain keys": {"jwks_uri": "http://evil.example/jwks"},
    "flag is text": {"requires_nonce": "false"},
    "ancestors are text": {"frame_ancestors": "https://evil.example"},
    "ancestor with a path": {"frame_ancestors": ["https://evil.example/"]},
    "ancestor with words": {"frame_ancestors": ["https://evil.example;script-src"]},
    "ancestor anywhere": {"frame_ancestors": ["https://*.evil.example"]},
    "ancestor over plain http": {"frame_ancestors": ["http://evil.example"]},
    "ancestor is a number": {"frame_ancestors": [5]},
    "ancestor is a word": {"frame_ancestors": ["'self'"]},
}


@pytest.mark.parametrize("read", [launch, sign_in])
@pytest.mark.parametrize("members", WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_stops_the_start_and_is_not_repeated(read: Any, members: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(**members)
    assert "evil" not in caught.value.message


@pytest.mark.parametrize("base", ["http://ehr.example/fhir", f"{BASE}?x=1"])
def test_people_launch_from_a_protected_base_alone(base: str) -> None:
    with pytest.raises(ConfigurationError):
        launch(base)


@pytest.mark.parametrize(
    "issuer", ["http://id.example", "id.example", None, 5, "https://id.example?x=1", "https://id.example#x", "https://u@id.example"]
)
def test_an_issuer_is_protected(issuer: object) -> None:
    with pytest.raises(ConfigurationError):
        sign_in(issuer=issuer)


@pytest.mark.parametrize("name", ["issuer", "tenant", "ehr", "is_smart"])
def test_a_launch_says_nothing_of_its_place(name: str) -> None:
    with pytest.raises(ConfigurationError):
        launch(**{name: "x"})


@pytest.mark.parametrize("value", [5, "x", [], ["client_id"]])
@pytest.mark.parametrize("where", ["launch", "sign_in"])
def test_what_is_no_object_stops_the_start(value: object, where: str) -> None:
    row: dict[str, Any] = {"id": "north", "ehrs": [{"id": "main", "base_url": BASE}]}
    (row if where == "sign_in" else row["ehrs"][0])[where] = value
    with pytest.raises(ConfigurationError):
        Settings.from_environment({"FHIR_CODER_TENANTS": json.dumps([row])})
