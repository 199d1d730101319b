"""What a tenant's base says of its authorization server: ``.well-known/smart-configuration`` and the security of the CapabilityStatement.

We are a resource server; both name the tenant's issuer. Source: https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html.
"""

from __future__ import annotations

from typing import Any

from fhir_coder.smart.scopes import WRITES, Operation
from fhir_coder.smart.trust import Trust

SECURITY_SERVICE = "http://terminology.hl7.org/CodeSystem/restful-security-service"
OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"


def smart_configuration(trust: Trust) -> dict[str, Any] | None:
    """The document, or None without a token endpoint, which it must have."""
    if not trust.token_endpoint:
        return None
    authorization = {"authorization_endpoint": trust.authorization_endpoint} if trust.authorization_endpoint else {}
    return {
        "issuer": trust.issuer,
        **({"jwks_uri": trust.jwks_url} if trust.jwks_url else {}),
        **authorization,
        "token_endpoint": trust.token_endpoint,
        "grant_types_supported": [*(["authorization_code"] if authorization else []), "client_credentials"],
        "scopes_supported": _scopes_supported(),
        "code_challenge_methods_supported": ["S256"],
        "capabilities": ["permission-patient", "permission-user", "permission-v1", "permission-v2"],
    }


def capability_security(trust: Trust) -> dict[str, Any]:
    """``CapabilityStatement.rest.security``."""
    endpoints = {"token": trust.token_endpoint, "authorize": trust.authorization_endpoint}
    parts = [{"url": name, "valueUri": url} for name, url in endpoints.items() if url]
    return {
        **({"extension": [{"url": OAUTH_URIS, "extension": parts}]} if parts else {}),
        "service": [{"coding": [{"system": SECURITY_SERVICE, "code": "SMART-on-FHIR"}]}],
        "description": "A bearer token of this tenant's authorization server is required for every operation.",
    }


def _scopes_supported() -> list[str]:
    letters: dict[str, str] = {"Binary": "r"}
    needs = [need for operation in Operation for alternative in operation.value for need in alternative]
    for kind, more in [*needs, *((kind, letter) for kind, letter, _ in WRITES)]:
        letters[kind] = "".join(one for one in "cruds" if one in letters.get(kind, "") + more)
    return [f"system/{kind}.{some}" for kind, some in sorted(letters.items())]
