"""One token verifier for each tenant that has a trusted issuer, made when the server starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from fhir_coder.errors import ConfigurationError
from fhir_coder.outbound.addresses import Network
from fhir_coder.smart.bearer import TokenVerifier
from fhir_coder.smart.key_fetching import KeysUnavailable, fetch_keys, read_keys
from fhir_coder.smart.keys import IssuerKeys, read_key_set
from fhir_coder.smart.trust import Trust


def make_verifiers(
    trusts: Mapping[str, Trust], bases_of: Callable[[str], Iterable[str]], networks: Iterable[Network] = ()
) -> dict[str, TokenVerifier]:
    """Verifiers by tenant id; ``bases_of`` gives a tenant's base URLs, none where our own address is not configured. Keys may be in
    ``networks`` that are not public.

    Raises ConfigurationError when a key file cannot be used, an audience is missing, or two tenants would accept the same tokens.
    """
    verifiers = {tenant: _verifier(tenant, trust, tuple(bases_of(tenant)), tuple(networks)) for tenant, trust in trusts.items()}
    seen: dict[tuple[str, str], str] = {}
    for tenant, verifier in verifiers.items():
        for audience in verifier.audiences:
            other = seen.setdefault((verifier.trust.issuer, audience), tenant)
            if other != tenant:
                raise ConfigurationError(
                    f"tenants {other} and {tenant} have one issuer and one audience: a token of one would open the other"
                )
    return verifiers


def _verifier(tenant: str, trust: Trust, bases: tuple[str, ...], networks: tuple[Network, ...]) -> TokenVerifier:
    audiences = trust.audiences or bases
    if not audiences:
        # The Host header is the caller's: an audience taken from it would make a token for any server one for this.
        raise ConfigurationError(f"tenant {tenant}: set FHIR_CODER_PUBLIC_URL, or trust.audience in FHIR_CODER_TENANTS")
    if trust.jwks_file:
        _require_keys(tenant, trust.jwks_file)
    fetch = partial(read_keys, trust.jwks_file) if trust.jwks_file else partial(fetch_keys, trust.jwks_url, networks)
    return TokenVerifier(trust, audiences, IssuerKeys(fetch))


def _require_keys(tenant: str, path: str) -> None:
    """A file is at hand, so that its faults show at start; an issuer may be down then and is asked when the first token comes."""
    try:
        keys = read_key_set(read_keys(path))
    except KeysUnavailable as error:
        raise ConfigurationError(f"tenant {tenant}: trust.jwks_file cannot be read: {error}") from error
    if not keys:
        raise ConfigurationError(f"tenant {tenant}: trust.jwks_file has no public RSA key of 2048 bits or more and no P-256 or P-384 key")
