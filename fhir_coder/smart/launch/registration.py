"""Our registration at one authorization server where people sign in, as a site configures it.

``launch`` of an EHR is SMART App Launch 2.2 (https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html), ``sign_in`` of a tenant is OpenID
Connect at the practice's own provider (https://openid.net/specs/openid-connect-core-1_0.html).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fhir_coder.backend_settings import ALGORITHMS
from fhir_coder.protected_urls import is_protected

AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post", "private_key_jwt")
"""How a client proves itself at the token endpoint (OpenID Connect Core, section 9); ``none`` is a public client."""
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri", "oidc_issuer", "end_session_endpoint", "revocation_endpoint")
"""What discovery would say and a site may say instead."""
_TEXTS = ("client_id", "scope", "auth", "secret_file", "key", "alg", "kid", *ENDPOINTS)
_FLAGS = ("requires_nonce", "requires_listed_pkce")
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+", re.ASCII)  # RFC 6749 section 3.3


@dataclass(frozen=True, slots=True)
class Registration:
    """Our client at one authorization server.

    ``ehr`` is the EHR's id, empty for the practice's own provider. ``issuer``: the FHIR base URL letter for letter (it is ``aud``), or the
    issuer of the provider. ``auth`` is one of ``AUTH_METHODS``; ``secret_file`` and ``key`` are paths. ``frame_ancestors``: origins that may
    show our pages in a frame. ``requires_nonce``: an id_token without our nonce is refused. ``requires_listed_pkce``: discovery must list
    S256; we send it either way, and a list without it is refused either way.
    """

    tenant: str
    ehr: str
    issuer: str
    client_id: str
    scope: str
    is_smart: bool
    auth: str = "none"
    secret_file: str = ""
    key: str = ""
    alg: str = ""
    kid: str = ""
    frame_ancestors: tuple[str, ...] = ()
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    jwks_uri: str = ""
    oidc_issuer: str = ""
    end_session_endpoint: str = ""
    revocation_endpoint: str = ""
    requires_nonce: bool = True
    requires_listed_pkce: bool = True

    @property
    def configured_urls(self) -> tuple[str, ...]:
        """Every URL that the site named itself: their hosts may be called though they lie in its own network."""
        return tuple(filter(None, (self.issuer, *(getattr(self, name) for name in ENDPOINTS))))


def read_launch(tenant: str, ehr: str, base_url: str, members: Mapping[str, Any]) -> Registration:
    """The member ``launch`` of an EHR. Raises ValueError (text begins with ``expected`` and quotes no value) or TypeError."""
    if not is_protected(base_url) or "?" in base_url:
        raise ValueError("expected base_url to be an https URL without a query (http on loopback only) where people launch from the EHR")
    return _registration(tenant, ehr, base_url, True, {"requires_listed_pkce": True, **members})


def read_sign_in(tenant: str, members: Mapping[str, Any]) -> Registration:
    """The member ``sign_in`` of a tenant. Raises ValueError (text begins with ``expected`` and quotes no value) or TypeError.

    Some large providers offer S256 and do not list it, so that a list is not asked for here unless the site says so.
    """
    given = {"scope": "openid profile email", "requires_listed_pkce": False, **members}
    issuer = given.pop("issuer", None)
    if not is_protected(issuer) or "?" in issuer:
        raise ValueError("expected issuer of sign_in to be an https URL without a query (http on loopback only)")
    return _registration(tenant, "", issuer, False, given)


def _registration(tenant: str, ehr: str, issuer: str, is_smart: bool, members: Mapping[str, Any]) -> Registration:
    _require_types(members)
    given = dict(members)
    ancestors = tuple(given.pop("frame_ancestors", ()))
    if not all(_is_origin(one) for one in ancestors):
        raise ValueError("expected frame_ancestors to be a list of https origins, such as https://ehr.example (http on loopback only)")
    registration = Registration(tenant, ehr, issuer, is_smart=is_smart, frame_ancestors=ancestors, **given)
    _require_proof(registration)
    return registration


def _require_types(members: Mapping[str, Any]) -> None:
    if unknown := set(members) - {*_TEXTS, *_FLAGS, "frame_ancestors"}:
        raise TypeError(f"{len(unknown)} members of launch or sign_in are not known")
    if not all(isinstance(members.get(name, ""), str) for name in _TEXTS):
        raise ValueError(f"expected {', '.join(_TEXTS)} to be text")
    if not all(isinstance(members.get(name, True), bool) for name in _FLAGS):
        raise ValueError(f"expected {' and '.join(_FLAGS)} to be true or false")
    if not isinstance(members.get("frame_ancestors", ()), Sequence) or isinstance(members.get("frame_ancestors"), str):
        raise ValueError("expected frame_ancestors to be a list of origins")
    if not members.get("client_id", "").strip():
        raise ValueError("expected client_id of launch or sign_in")
    scopes = members.get("scope", "").split(" ")
    if "openid" not in scopes or not all(_SCOPE_TOKEN.fullmatch(one) for one in scopes):
        raise ValueError(
            "expected scope of launch or sign_in to be scopes with one blank between, openid among them: a reviewer has a name"
        )
    if not all(is_protected(members[name]) for name in ENDPOINTS if members.get(name)):
        raise ValueError(f"expected {', '.join(ENDPOINTS)} to be https URLs (http on loopback only)")


def _require_proof(one: Registration) -> None:
    """What each method of authentication needs, and nothing that it would not use: a secret that is not sent is a mistake."""
    if one.auth not in AUTH_METHODS:
        raise ValueError(f"expected auth to be one of {', '.join(AUTH_METHODS)}")
    if bool(one.secret_file) != one.auth.startswith("client_secret_"):
        raise ValueError("expected secret_file with client_secret_basic and client_secret_post, and with nothing else")
    if bool(one.key) != (one.auth == "private_key_jwt") or ((one.alg or one.kid) and not one.key):
        raise ValueError("expected key (and alg, kid) with private_key_jwt, and with nothing else")
    if one.alg not in {"", *ALGORITHMS}:
        raise ValueError(f"expected alg to be {' or '.join(ALGORITHMS)}")


def _is_origin(value: object) -> bool:
    """Whether it is scheme, host and port alone: what stands in a Content-Security-Policy must not bring words of its own."""
    if not isinstance(value, str) or not is_protected(value):
        return False
    parts = urlsplit(value)
    return not (parts.path or parts.query or set(value) & set("*;,'\"?")) and value == f"{parts.scheme}://{parts.netloc}"
