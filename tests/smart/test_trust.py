"""The configuration of trust: what is incomplete or unsafe stops the start and is not repeated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fhir_coder.errors import ConfigurationError
from fhir_coder.settings import Settings
from fhir_coder.smart.verifiers import make_verifiers
from tests.smart.issuer import ISSUER, key_set

URL = "https://auth.example/jwks.json"


def tenants(**trust: Any) -> Settings:
    return Settings.from_environment({"FHIR_CODER_TENANTS": json.dumps([{"id": "north", "trust": trust}])})


def test_trust_is_read() -> None:
    trust = tenants(issuer=ISSUER, jwks_url="http://127.0.0.1:9/jwks", audience=["a", "b"], algorithms=["ES384"]).tenants[0].trust
    assert trust is not None
    assert (trust.issuer, trust.audiences, trust.algorithms) == (ISSUER, ("a", "b"), ("ES384",))


@pytest.mark.parametrize(
    "trust",
    [
        {},
        {"issuer": ISSUER},
        {"issuer": "", "jwks_url": URL},
        {"issuer": 7, "jwks_url": URL},
        {"issuer": ISSUER, "jwks_url": URL, "jwks_file": "secret-value"},
        {"issuer": ISSUER, "jwks_url": "http://secret-value/jwks"},
        {"issuer": ISSUER, "jwks_url": "file:///secret-value"},
        {"issuer": ISSUER, "jwks_url": "https:///secret-value"},
        {"issuer": ISSUER, "jwks_url": 7},
        {"issuer": ISSUER, "jwks_url": URL, "token_endpoint": "ftp://secret-value"},
        {"issuer": ISSUER, "jwks_url": URL, "algorithms": ["RS256", "none"]},
        {"issuer": ISSUER, "jwks_url": URL, "algorithms": ["HS256"]},
        {"issuer": ISSUER, "jwks_url": URL, "algorithms": []},
        {"issuer": ISSUER, "jwks_url": URL, "algorithms": "RS256"},
        {"issuer": ISSUER, "jwks_url": URL, "audience": [""]},
        {"issuer": ISSUER, "jwks_url": URL, "audience": [7]},
        {"issuer": ISSUER, "jwks_url": URL, "secret-value": "x"},
    ],
)
def test_a_faulty_trust_stops_the_start(trust: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        tenants(**trust)
    assert "FHIR_CODER_TENANTS" in caught.value.message
    assert "secret-value" not in caught.value.message


def test_a_misspelt_trust_does_not_leave_a_tenant_open() -> None:
    with pytest.raises(ConfigurationError):
        Settings.from_environment({"FHIR_CODER_TENANTS": json.dumps([{"id": "north", "turst": {"issuer": ISSUER, "jwks_url": URL}}])})


def verify_settings(settings: Settings, *bases: str) -> None:
    make_verifiers({one.id: one.trust for one in settings.tenants if one.trust}, lambda tenant: bases)


def test_an_audience_is_never_taken_from_a_request() -> None:
    with pytest.raises(ConfigurationError, match="FHIR_CODER_PUBLIC_URL"):
        verify_settings(tenants(issuer=ISSUER, jwks_url=URL))


def test_a_key_file_must_be_there_and_hold_a_key(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    with pytest.raises(ConfigurationError, match="jwks_file"):
        verify_settings(tenants(issuer=ISSUER, jwks_file=str(path)), "https://a.example")
    path.write_bytes(b'{"keys": []}')
    with pytest.raises(ConfigurationError, match="jwks_file"):
        verify_settings(tenants(issuer=ISSUER, jwks_file=str(path)), "https://a.example")
    path.write_bytes(key_set())
    verify_settings(tenants(issuer=ISSUER, jwks_file=str(path)), "https://a.example")


def test_two_tenants_may_not_accept_the_same_tokens() -> None:
    trust = {"issuer": ISSUER, "jwks_url": URL, "audience": "https://a.example"}
    rows = [{"id": "north", "trust": trust}, {"id": "south", "trust": trust | {"audience": ["x", "https://a.example/"]}}]
    with pytest.raises(ConfigurationError, match="north and south"):
        verify_settings(Settings.from_environment({"FHIR_CODER_TENANTS": json.dumps(rows)}))
