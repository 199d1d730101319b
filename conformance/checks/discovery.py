"""SMART discovery: what the base says of its authorization server, and to whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from conformance.check import check
from conformance.exchange import Answer, objects
from conformance.smart_configuration import (
    CAPABILITIES,
    ask,
    claims,
    is_absolute,
    is_protected,
    read_configuration,
    read_object,
    strings,
    urls,
)
from conformance.target import Target
from conformance.verdict import Omitted, expect

ACCEPTED = (None, "*/*", "application/json", "text/html", "application/fhir+json", "application/fhir+xml", "image/png")
GRANTS = frozenset({"authorization_code", "client_credentials"})
SECURITY_SERVICES = frozenset({"SMART-on-FHIR", "OAuth"})
OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
SIGNED = frozenset({"RS384", "ES384"})


@check
def is_served(target: Target) -> None:
    """A base that wants tokens says without one where they come from."""
    target.require_guard()
    answer = ask(target)
    expect(answer.status == 200, "200 at [base]/.well-known/smart-configuration without a token", answer)


@check
def is_json_whatever_is_accepted(target: Target) -> None:
    """The SMART configuration is application/json, whatever Accept says."""
    target.require_guard()
    for accepted in ACCEPTED:
        answer = ask(target, Accept=accepted)
        told = f"for Accept {accepted or 'absent'}"
        expect(answer.status == 200 and answer.media_type == "application/json", f"200 with application/json {told}", answer)


@check
def is_an_object(target: Target) -> None:
    """The SMART configuration is a JSON object."""
    target.require_guard()
    answer = ask(target)
    expect(answer.status == 200 and read_object(answer) is not None, "200 with a JSON object", answer)


@check
def urls_are_absolute(target: Target) -> None:
    """Every URL in the SMART configuration is absolute."""
    for name, value in urls(read_configuration(target)):
        expect(is_absolute(value), f"an absolute URL in {name}", ascii(value))


@check
def endpoints_use_tls(target: Target) -> None:
    """What tokens and codes are sent to is https."""
    for name, value in urls(read_configuration(target)):
        if isinstance(value, str) and name.endswith("_endpoint"):
            expect(is_protected(value), f"https in {name}", value)


@check
def token_endpoint(target: Target) -> None:
    """The SMART configuration names the token endpoint."""
    found = read_configuration(target).get("token_endpoint")
    expect(isinstance(found, str) and found, "token_endpoint", ascii(found))


@check
def grant_types(target: Target) -> None:
    """The SMART configuration lists the grant types: authorization_code, client_credentials or both."""
    found = strings(read_configuration(target), "grant_types_supported")
    expect(GRANTS & set(found), "authorization_code, client_credentials or both in grant_types_supported", found)


@check
def grant_types_of_launch(target: Target) -> None:
    """Who offers launches lists authorization_code."""
    document = _claiming(target, "launch-ehr", "launch-standalone")
    expect("authorization_code" in strings(document, "grant_types_supported"), "authorization_code in grant_types_supported", "none")


@check
def capabilities(target: Target) -> None:
    """The SMART configuration lists capabilities."""
    strings(read_configuration(target), "capabilities")


@check
def capabilities_are_known(target: Target) -> None:
    """What is no capability of SMART is written as a URI."""
    for one in strings(read_configuration(target), "capabilities"):
        expect(one in CAPABILITIES or urlsplit(one).scheme, "a capability of SMART, or a URI", one)


@check
def s256_is_listed(target: Target) -> None:
    """PKCE by S256 is listed."""
    found = strings(read_configuration(target), "code_challenge_methods_supported")
    expect("S256" in found, "S256 in code_challenge_methods_supported", found)


@check
def plain_is_not_listed(target: Target) -> None:
    """PKCE by plain is not listed."""
    found = strings(read_configuration(target), "code_challenge_methods_supported")
    expect("plain" not in found, "no plain in code_challenge_methods_supported", found)


@check
def issuer_of_single_sign_on(target: Target) -> None:
    """Who offers sign-on by OpenID Connect names the issuer."""
    expect(_claiming(target, "sso-openid-connect").get("issuer"), "issuer with sso-openid-connect", "no issuer")


@check
def keys_of_single_sign_on(target: Target) -> None:
    """Who offers sign-on by OpenID Connect names its keys."""
    expect(_claiming(target, "sso-openid-connect").get("jwks_uri"), "jwks_uri with sso-openid-connect", "no jwks_uri")


@check
def no_issuer_otherwise(target: Target) -> None:
    """Who offers no sign-on by OpenID Connect names no issuer."""
    document = read_configuration(target)
    if claims(document, "sso-openid-connect"):
        raise Omitted("sso-openid-connect is listed")
    expect("issuer" not in document, "no issuer without sso-openid-connect", document.get("issuer"))


@check
def issuer_is_plain(target: Target) -> None:
    """An issuer is a URL without query and fragment."""
    document = read_configuration(target)
    if "issuer" not in document:
        raise Omitted("no issuer is named")
    parts = urlsplit(str(document["issuer"]))
    expect(
        is_absolute(document["issuer"]) and not parts.query and not parts.fragment,
        "an issuer without query and fragment",
        document["issuer"],
    )


@check
def authorization_endpoint_of_launch(target: Target) -> None:
    """Who offers launches names the authorization endpoint."""
    found = _claiming(target, "launch-ehr", "launch-standalone").get("authorization_endpoint")
    expect(found, "authorization_endpoint with launch-ehr or launch-standalone", "none")


@check
def asymmetric_methods(target: Target) -> None:
    """Who takes clients with keys says so among the methods of the token endpoint."""
    found = strings(_claiming(target, "client-confidential-asymmetric"), "token_endpoint_auth_methods_supported")
    expect("private_key_jwt" in found, "private_key_jwt in token_endpoint_auth_methods_supported", found)


@check
def asymmetric_algorithms(target: Target) -> None:
    """Who takes clients with keys does so by RS384 or ES384."""
    found = strings(_claiming(target, "client-confidential-asymmetric"), "token_endpoint_auth_signing_alg_values_supported")
    expect(SIGNED & set(found), "RS384 or ES384 in token_endpoint_auth_signing_alg_values_supported", found)


@check
def scopes(target: Target) -> None:
    """The SMART configuration lists scopes that a client may ask for."""
    expect(strings(read_configuration(target), "scopes_supported"), "scopes_supported", "an empty list")


@check
def response_types(target: Target) -> None:
    """Where people sign in, the SMART configuration lists response types, code among them."""
    document = read_configuration(target)
    if "authorization_endpoint" not in document:
        raise Omitted("no authorization_endpoint is named")
    expect(
        "code" in strings(document, "response_types_supported"), "code in response_types_supported", document["response_types_supported"]
    )


@check
def v1_is_offered(target: Target) -> None:
    """The SMART configuration says that scopes in the spelling of SMART 1 are understood."""
    expect(claims(read_configuration(target), "permission-v1"), "permission-v1 among the capabilities", "none")


@check
def pages_may_read_it(target: Target) -> None:
    """A page of any origin may read the SMART configuration (CORS)."""
    target.require_guard()
    _expect_open_to_pages(ask(target, Origin="https://app.example"))


@check
def pages_may_read_metadata(target: Target) -> None:
    """A page of any origin may read the CapabilityStatement (CORS)."""
    target.require_guard()
    _expect_open_to_pages(target.get("metadata", is_known=False, headers={"Origin": "https://app.example"}))


@check
def capability_statement_names_the_service(target: Target) -> None:
    """The CapabilityStatement says that SMART on FHIR (or OAuth) guards the base."""
    target.require_guard()
    services = (service for one in target.security for service in objects(one.get("service")))
    found = {str(coding.get("code")) for service in services for coding in objects(service.get("coding"))}
    expect(SECURITY_SERVICES & found, "rest.security.service SMART-on-FHIR or OAuth", found or "no service")


@check
def capability_statement_agrees(target: Target) -> None:
    """Where the CapabilityStatement names endpoints too, they are the same."""
    document = read_configuration(target)
    told = dict(_oauth_uris(target))
    if not told:
        raise Omitted("the CapabilityStatement names no endpoints (which is deprecated)")
    for part, member in (("token", "token_endpoint"), ("authorize", "authorization_endpoint")):
        expect(told.get(part) == document.get(member), f"{member} as in the CapabilityStatement ({told.get(part)})", document.get(member))


def _claiming(target: Target, *capabilities: str) -> Mapping[str, Any]:
    """The configuration where it lists one of these; Omitted otherwise."""
    document = read_configuration(target)
    if not claims(document, *capabilities):
        raise Omitted(f"{' and '.join(capabilities)} {'is' if len(capabilities) == 1 else 'are'} not listed")
    return document


def _expect_open_to_pages(answer: Answer) -> None:
    allowed = answer.headers.get("access-control-allow-origin", "")
    expect(allowed in {"*", "https://app.example"}, "Access-Control-Allow-Origin: *", allowed or "no such header")


def _oauth_uris(target: Target) -> Iterator[tuple[object, object]]:
    for security in target.security:
        for extension in objects(security.get("extension")):
            if extension.get("url") == OAUTH_URIS:
                yield from ((str(part.get("url")), part.get("valueUri")) for part in objects(extension.get("extension")))
