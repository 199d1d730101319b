"""Bases that say wrongly, or not at all, where their tokens come from."""

from __future__ import annotations

from typing import Any

from tests.conformance.broken.proxy import Asked, Broken, Reply, SpoilReply
from tests.conformance.broken.wire import METADATA, when

WELL_KNOWN = "/.well-known/smart-configuration"
Document = dict[str, Any]


def in_place_of_it(status: int, body: str) -> SpoilReply:
    """Another answer where the document is."""
    other = Reply(status, (("Content-Type", "application/json"),), body.encode())
    return lambda asked, reply: other if asked.path.endswith(WELL_KNOWN) else reply


def saying(**members: Any) -> SpoilReply:
    """Other members in the document; None leaves one out."""
    return when(WELL_KNOWN, lambda document: {name: value for name, value in (document | members).items() if value is not None})


def also_capable(*capabilities: str, **members: Any) -> SpoilReply:
    return saying(capabilities=["permission-v1", "permission-v2", *capabilities], **members)


def without_security(statement: Document) -> None:
    del statement["rest"][0]["security"]


def of_another_server(statement: Document) -> None:
    statement["rest"][0]["security"]["extension"][0]["extension"][0]["valueUri"] = "https://other.example/token"


def as_asked(asked: Asked, reply: Reply) -> Reply:
    accepted = asked.header("Accept") or "application/fhir+json"
    return reply.with_header("Content-Type", accepted) if asked.path.endswith(WELL_KNOWN) else reply


def closed_to_pages(asked: Asked, reply: Reply) -> Reply:
    return reply.with_header("Access-Control-Allow-Origin", None)


DISCOVERY = (
    Broken("has no SMART configuration", ("SMA-001", "SMA-002", "SMA-003"), in_place_of_it(404, "{}")),
    Broken("wants a token for its SMART configuration", ("SMA-001",), in_place_of_it(401, "{}")),
    Broken("gives its SMART configuration the type asked for", ("SMA-002",), as_asked),
    Broken("gives an array as SMART configuration", ("SMA-003",), in_place_of_it(200, "[]")),
    Broken("names relative endpoints", ("SMA-004",), saying(token_endpoint="/token")),
    Broken("names endpoints without TLS", ("SMA-005",), saying(token_endpoint="http://auth.example/token")),
    Broken("names no token endpoint", ("SMA-006",), saying(token_endpoint=None)),
    Broken("lists no grant types", ("SMA-007",), saying(grant_types_supported=None)),
    Broken("lists grant types of no use", ("SMA-007",), saying(grant_types_supported=["password"])),
    Broken(
        "offers launches without the grant and the endpoint",
        ("SMA-008", "SMA-017"),
        also_capable("launch-ehr", grant_types_supported=["client_credentials"], authorization_endpoint=None),
    ),
    Broken("lists capabilities as one text", ("SMA-009", "SMA-010"), saying(capabilities="permission-v1 permission-v2")),
    Broken("lists a capability of its own as a word", ("SMA-010",), also_capable("codes-encounters")),
    Broken("does not list S256", ("SMA-011",), saying(code_challenge_methods_supported=[])),
    Broken("lists plain", ("SMA-012",), saying(code_challenge_methods_supported=["S256", "plain"])),
    Broken("offers single sign-on without issuer and keys", ("SMA-013", "SMA-014"), also_capable("sso-openid-connect", jwks_uri=None)),
    Broken("names an issuer that signs nobody on", ("SMA-015",), saying(issuer="https://auth.example")),
    Broken("names an issuer with a query", ("SMA-016",), also_capable("sso-openid-connect", issuer="https://auth.example/?tenant=1")),
    Broken("takes keys of clients and does not say how", ("SMA-018", "SMA-019"), also_capable("client-confidential-asymmetric")),
    Broken(
        "takes keys of clients by weak algorithms",
        ("SMA-019",),
        also_capable(
            "client-confidential-asymmetric",
            token_endpoint_auth_methods_supported=["private_key_jwt"],
            token_endpoint_auth_signing_alg_values_supported=["HS256"],
        ),
    ),
    Broken("lists no scopes", ("SMA-020",), saying(scopes_supported=None)),
    Broken("lists no response types", ("SMA-021",), saying(response_types_supported=None)),
    Broken("does not list permission-v1", ("SMA-022",), saying(capabilities=["permission-v2"])),
    Broken("keeps pages of other origins out", ("SMA-023", "SMA-024"), closed_to_pages),
    Broken("does not say in its CapabilityStatement that it is guarded", ("SMA-025",), when(METADATA, without_security)),
    Broken("names other endpoints in its CapabilityStatement", ("SMA-026",), when(METADATA, of_another_server)),
)
