"""What a tenant's base says of its authorization server: ``.well-known/smart-configuration`` and the security of the CapabilityStatement.

We are a resource server; both name the tenant's issuer. Source: https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html. There ``token_endpoint``
is required: where it is not configured there is no document that would be right, so there is none, the base does not call itself SMART-on-FHIR, and
the operator is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fhir_coder.smart.scopes import WRITES, Operation
from fhir_coder.smart.trust import Trust

SECURITY_SERVICE = "http://terminology.hl7.org/CodeSystem/restful-security-service"
NO_AUTHORIZATION_SERVER = "this base names no authorization server"
ASKED_NOWHERE = "this base takes tokens and does not say where they are asked for: the operator names the issuer's token_endpoint in the tenant's trust (FHIR_CODER_TENANTS)"
OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"


def smart_configuration(trust: Trust) -> dict[str, Any] | None:
    """The document, or None without a token endpoint, which it must have. ``issuer`` belongs to sign-on by OpenID Connect, which is not ours to offer."""
    if not trust.token_endpoint:
        return None
    people = {"authorization_endpoint": trust.authorization_endpoint, "response_types_supported": ["code"]}
    authorization = people if trust.authorization_endpoint else {}
    return {
        **({"jwks_uri": trust.jwks_url} if trust.jwks_url else {}),
        **authorization,
        "token_endpoint": trust.token_endpoint,
        "grant_types_supported": [*(["authorization_code"] if authorization else []), "client_credentials"],
        "scopes_supported": _scopes_supported(),
        "code_challenge_methods_supported": ["S256"],
        "capabilities": ["permission-patient", "permission-user", "permission-v1", "permission-v2"],
    }


def why_there_is_none(trust: Trust | None) -> str:
    """What a caller is told who asks for a document that is not there."""
    return ASKED_NOWHERE if trust else NO_AUTHORIZATION_SERVER


def unfindable(trusts: Iterable[tuple[str, Trust | None]]) -> Iterator[str]:
    """For the operator: each tenant, by its id, whose clients cannot find out where to ask for tokens."""
    for tenant, trust in trusts:
        if trust and not trust.token_endpoint:
            yield (
                f"tenant {tenant}: trust names no token_endpoint, so there is no .well-known/smart-configuration, which SMART wants of every base that "
                "takes tokens; clients must be told by hand where to ask for them"
            )


def capability_security(trust: Trust) -> dict[str, Any]:
    """``CapabilityStatement.rest.security``."""
    endpoints = {"token": trust.token_endpoint, "authorize": trust.authorization_endpoint}
    parts = [{"url": name, "valueUri": url} for name, url in endpoints.items() if url]
    return {
        **({"extension": [{"url": OAUTH_URIS, "extension": parts}]} if parts else {}),
        "service": [{"coding": [{"system": SECURITY_SERVICE, "code": "SMART-on-FHIR" if trust.token_endpoint else "OAuth"}]}],
        "description": f"A bearer token of this tenant's authorization server is required for every operation. {_rule()}",
    }


def _rule() -> str:
    """Which scopes open what, in a sentence for each operation: SMART has no scopes for operations, so the rule is ours to publish."""
    needs = [
        f"{name} needs {' or '.join(' and '.join(f'{kind}.{letters}' for kind, letters in one) for one in operation.value)}"
        for name, operation in (("$code-encounter", Operation.CODE_ENCOUNTER), ("$check-coding", Operation.CHECK_CODING))
    ]
    writes = ", ".join(sorted({f"{kind}.{letter}" for kind, letter, _ in WRITES}))
    levels = "at level system, user or patient, in the spelling of SMART 1 or 2"
    return f"{'; '.join(needs)}, {levels}. Optional: Binary.r for attachments by URL; for write-back {writes}; what is missing is left out and named."


def _scopes_supported() -> list[str]:
    letters: dict[str, str] = {"Binary": "r"}
    needs = [need for operation in Operation for alternative in operation.value for need in alternative]
    for kind, more in [*needs, *((kind, letter) for kind, letter, _ in WRITES)]:
        letters[kind] = "".join(one for one in "cruds" if one in letters.get(kind, "") + more)
    return [f"system/{kind}.{some}" for kind, some in sorted(letters.items())]
