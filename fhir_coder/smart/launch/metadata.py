"""Where an authorization server is and what it offers, from what the FHIR server or the provider publishes.

Sources: https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html, OpenID Connect Discovery 1.0, RFC 8414, RFC 9207 section 3. A member that
is of another type counts as absent; what a site configured comes before what is published.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fhir_coder.errors import LaunchFailed
from fhir_coder.protected_urls import is_protected
from fhir_coder.smart.discovery import OAUTH_URIS
from fhir_coder.smart.launch.registration import Registration

_URLS = ("authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint", "revocation_endpoint")
_REQUIRED = ("authorization_endpoint", "token_endpoint", "jwks_uri", "issuer")
CHALLENGE_METHOD = "S256"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """An authorization server. ``issuer`` is the ``iss`` of its id_tokens; ``names_itself``: its answers carry ``iss`` (RFC 9207).

    ``end_session_endpoint`` and ``revocation_endpoint`` are empty where they are not offered.
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str = ""
    revocation_endpoint: str = ""
    names_itself: bool = False


def configured(registration: Registration) -> dict[str, Any]:
    """What the site says itself, by the names of the published documents."""
    named = {name: getattr(registration, name) for name in _URLS} | {"issuer": registration.oidc_issuer}
    return {name: value for name, value in named.items() if value}


def is_complete(document: Mapping[str, Any]) -> bool:
    """Whether nobody needs to be asked any more."""
    return all(isinstance(document.get(name), str) for name in _REQUIRED)


def oauth_uris(statement: Mapping[str, Any]) -> dict[str, Any]:
    """The endpoints in the security extension of a CapabilityStatement, as EHRs named them before there was a document for it."""
    names = {"authorize": "authorization_endpoint", "token": "token_endpoint", "revoke": "revocation_endpoint"}
    found: dict[str, Any] = {}
    for rest in _objects(statement.get("rest")):
        security = rest.get("security")
        for extension in _objects(security.get("extension") if isinstance(security, dict) else None):
            if extension.get("url") == OAUTH_URIS:
                parts = _objects(extension.get("extension"))
                found |= {names[one["url"]]: one.get("valueUri") for one in parts if one.get("url") in names}
    return found


def read_endpoints(registration: Registration, document: Mapping[str, Any]) -> Endpoints:
    """The endpoints of a whole document. Raises LaunchFailed for one that is missing or unprotected, or without S256 (RFC 7636)."""
    _require_pkce(registration, document)
    urls = {name: document[name] for name in _URLS if isinstance(document.get(name), str)}
    issuer = document.get("issuer")
    if missing := [name for name in _REQUIRED if name not in {*urls, *({"issuer"} if isinstance(issuer, str) and issuer else ())}]:
        raise LaunchFailed(f"the authorization server does not say its {', '.join(missing)}; configure them in FHIR_CODER_TENANTS")
    if unprotected := [name for name, url in urls.items() if not is_protected(url)]:
        raise LaunchFailed(f"the authorization server's {', '.join(unprotected)} are not https URLs; nothing is sent there")
    return Endpoints(str(issuer), **urls, names_itself=document.get("authorization_response_iss_parameter_supported") is True)


def _require_pkce(registration: Registration, document: Mapping[str, Any]) -> None:
    """A list without S256 is a server that would take a stolen code; no list is an old server, which a site can accept."""
    methods = document.get("code_challenge_methods_supported")
    if methods is None and (not registration.requires_listed_pkce or is_complete(configured(registration))):
        return
    if not isinstance(methods, list) or CHALLENGE_METHOD not in methods:
        raise LaunchFailed("the authorization server does not offer PKCE with S256 (code_challenge_methods_supported)")


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    yield from (one for one in value if isinstance(one, dict)) if isinstance(value, list) else ()
