"""Who is registered at the authorization server, and who works at the practice."""

from __future__ import annotations

from typing import Any

from joserfc.jwk import ECKey

from tests.contracts.authorization.authorization_server import CODER_HOST

SECRET = "a-secret-of-the-tests-that-is-long-enough"
KIT = "conformance-kit"
KIT_KEY: dict[str, Any] = {**ECKey.generate_key("P-384").as_dict(private=True), "kid": "kit", "alg": "ES384", "use": "sig"}
"""The private key of the kit, whose public half is registered."""
_CODER = f"https://{CODER_HOST}:PORT"
_BACKEND = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": f"{_CODER}/jwks"}
_PEOPLE = {
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "redirect_uris": [f"{_CODER}/callback", f"{_CODER}/t/north/callback"],
    "post_logout_redirect_uris": [f"{_CODER}/review/", f"{_CODER}/"],
}
CLIENTS: tuple[dict[str, Any], ...] = (
    {"client_id": "backend", **_BACKEND},
    {
        "client_id": KIT,
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [{name: value for name, value in KIT_KEY.items() if name != "d"}]},
    },
    {"client_id": "engine", "client_secret": SECRET, "token_endpoint_auth_method": "client_secret_basic"},
    {"client_id": "asks-client_secret_basic", "client_secret": SECRET, "token_endpoint_auth_method": "client_secret_basic"},
    {"client_id": "asks-client_secret_post", "client_secret": SECRET, "token_endpoint_auth_method": "client_secret_post"},
    {"client_id": "asks-private_key_jwt", **_BACKEND},
    {"client_id": "app-none", "token_endpoint_auth_method": "none", **_PEOPLE},
    {"client_id": "app-client_secret_basic", "client_secret": SECRET, "token_endpoint_auth_method": "client_secret_basic", **_PEOPLE},
    {"client_id": "app-client_secret_post", "client_secret": SECRET, "token_endpoint_auth_method": "client_secret_post", **_PEOPLE},
    {"client_id": "app-private_key_jwt", **_BACKEND, **_PEOPLE},
    {"client_id": "sign-in", "client_secret": SECRET, "token_endpoint_auth_method": "client_secret_basic", **_PEOPLE},
)
"""Backend Services, the conformance kit, an integration engine, our own look-ups of opaque tokens, and people's launches in every way to prove who asks."""
PEOPLE: dict[str, dict[str, Any]] = {
    "dr-amara": {"name": "Dr Amara Osei", "fhirUser": "Practitioner/dr-amara", "groups": ["coders"]},
}
