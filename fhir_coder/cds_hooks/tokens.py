"""The token with which a CDS client calls: one JWT for each call, signed with its key (https://cds-hooks.hl7.org/2.0/#trusting-cds-clients).

It is verified as every bearer token, and beside that is for one service only, short-lived, and good once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from fhir_coder.cds_hooks.clients import HookClient
from fhir_coder.outbound.addresses import Network
from fhir_coder.smart.bearer import TokenVerifier, claimed_issuer
from fhir_coder.smart.claims import LEEWAY_S, ClaimRules, moment
from fhir_coder.smart.key_fetching import fetch_keys, read_keys
from fhir_coder.smart.keys import IssuerKeys
from fhir_coder.smart.refusal import refuse
from fhir_coder.smart.trust import Trust

LONGEST_S = 3600
"""Seconds that a token may be good for, so that what must be remembered of it does not pile up; the specification advises five minutes."""
LONGEST_ID = 255


class Once(Protocol):
    """Remembers across all workers which tokens were used."""

    def first_use(self, tenant: str, issuer: str, token_id: str, until: float) -> bool:
        """Whether this is the first use; it is remembered until that moment (seconds since 1970)."""


@dataclass(frozen=True, slots=True)
class HookTokens:
    """The tokens of one tenant's CDS clients. ``keys`` are theirs by issuer, ``clock`` is the time in seconds since 1970."""

    tenant: str
    clients: Mapping[str, HookClient]
    keys: Mapping[str, IssuerKeys]
    once: Once
    clock: Callable[[], float] = time.time

    def admit(self, token: str, audiences: Sequence[str]) -> HookClient:
        """The client that signed the token, for one of these addresses of the service. Raises Unauthenticated."""
        client = self.clients.get(claimed_issuer(token))
        if client is None:
            refuse("the token is not of a CDS client that is configured")
        rules = ClaimRules(Trust(client.iss, algorithms=client.algorithms), audiences, self.clock)
        claims = TokenVerifier(rules, self.keys[client.iss]).verify(token)
        until = moment(claims, "exp")
        token_id = claims.get("jti")
        if not isinstance(token_id, str) or not 0 < len(token_id) <= LONGEST_ID or not token_id.isprintable():
            refuse("the token's jti is missing or no text that can be remembered")
        moment(claims, "iat")
        if until > self.clock() + LONGEST_S:
            refuse("the token is good for too long")
        if not self.once.first_use(self.tenant, client.iss, token_id, until + LEEWAY_S):
            refuse("the token was used before")
        return client


def hook_tokens(tenant: str, clients: Iterable[HookClient], once: Once, networks: Iterable[Network] = ()) -> HookTokens:
    """The verifier of a tenant's CDS clients, whose keys are read when first needed; they may be in ``networks`` that are not public."""
    named = {one.iss: one for one in clients}
    return HookTokens(tenant, named, {iss: IssuerKeys(_source(one, tuple(networks))) for iss, one in named.items()}, once)


def _source(client: HookClient, networks: tuple[Network, ...]) -> Callable[[], bytes]:
    return partial(read_keys, client.jwks_file) if client.jwks_file else partial(fetch_keys, client.jwks_url, networks)
