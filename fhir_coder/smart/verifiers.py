"""One token verifier for each tenant that has a trusted issuer, made when the server starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from fhir_coder.errors import ConfigurationError
from fhir_coder.outbound.addresses import Network
from fhir_coder.outbound.rule import AddressRule
from fhir_coder.outbound.session import open_session
from fhir_coder.smart.bearer import TokenVerifier, Verifier
from fhir_coder.smart.claims import ClaimRules
from fhir_coder.smart.introspected_tokens import IntrospectedTokens
from fhir_coder.smart.introspection import IntrospectionEndpoint
from fhir_coder.smart.key_fetching import KeysUnavailable, fetch_keys, read_keys
from fhir_coder.smart.keys import IssuerKeys, read_key_set
from fhir_coder.smart.trust import Trust


def make_verifiers(
    trusts: Mapping[str, Trust], bases_of: Callable[[str], Iterable[str]], networks: Iterable[Network] = ()
) -> dict[str, Verifier]:
    """Verifiers by tenant id; ``bases_of`` gives a tenant's base URLs, none where our own address is not configured. Keys and introspection
    endpoints may be in ``networks`` that are not public.

    Raises ConfigurationError when a key or secret file cannot be used, an audience is missing, or two tenants would accept the same tokens.
    """
    verifiers = {tenant: _verifier(tenant, trust, tuple(bases_of(tenant)), tuple(networks)) for tenant, trust in trusts.items()}
    seen: dict[tuple[str, str, str], str] = {}
    for tenant, verifier in verifiers.items():
        for named in _opened_by(verifier.rules):
            other = seen.setdefault(named, tenant)
            if other != tenant:
                raise ConfigurationError(
                    f"tenants {other} and {tenant} have one issuer (or introspection endpoint) and one {named[1]}: a token of one would open the other"
                )
    return verifiers


def _opened_by(rules: ClaimRules) -> Iterator[tuple[str, str, str]]:
    """What a token must name to open a tenant: issuer and audience or, where the issuer may leave the audience out, issuer and client.

    An introspection endpoint may leave the issuer out as well: then who was asked stands for it, whatever issuers are configured."""
    asked = rules.trust.introspection
    for issuer in (rules.trust.issuer, *([asked.url] if asked else [])):
        for audience in rules.audiences:
            yield issuer, "audience", audience
        for client in rules.trust.clients if asked else ():
            yield issuer, "client", client


def _verifier(tenant: str, trust: Trust, bases: tuple[str, ...], networks: tuple[Network, ...]) -> Verifier:
    audiences = trust.audiences or bases
    if not audiences:
        # The Host header is the caller's: an audience taken from it would make a token for any server one for this.
        raise ConfigurationError(f"tenant {tenant}: set FHIR_CODER_PUBLIC_URL, or trust.audience in FHIR_CODER_TENANTS")
    rules = ClaimRules(trust, audiences)
    if trust.introspection:
        rule = AddressRule.of(networks, (trust.introspection.url,))
        return IntrospectedTokens(rules, IntrospectionEndpoint(trust.introspection, partial(open_session, rule)))
    if trust.jwks_file:
        _require_keys(tenant, trust.jwks_file)
    fetch = partial(read_keys, trust.jwks_file) if trust.jwks_file else partial(fetch_keys, trust.jwks_url, networks)
    return TokenVerifier(rules, IssuerKeys(fetch))


def _require_keys(tenant: str, path: str) -> None:
    """A file is at hand, so that its faults show at start; an issuer may be down then and is asked when the first token comes."""
    try:
        keys = read_key_set(read_keys(path))
    except KeysUnavailable as error:
        raise ConfigurationError(f"tenant {tenant}: trust.jwks_file cannot be read: {error}") from error
    if not keys:
        raise ConfigurationError(f"tenant {tenant}: trust.jwks_file has no public RSA key of 2048 bits or more and no P-256 or P-384 key")
