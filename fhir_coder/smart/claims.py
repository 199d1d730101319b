"""What the claims of a token must say, whether a signature proves them or the issuer told them (RFC 7519 section 4.1, RFC 7662 section 2.2)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fhir_coder.smart.refusal import refuse
from fhir_coder.smart.trust import Trust

LEEWAY_S = 60
"""How far the clocks of issuer and server may be apart."""
CLIENT_CLAIMS = ("client_id", "azp", "cid")
"""Which claim names the client: of RFC 8693, RFC 7662 and RFC 9068, of OpenID Connect, of a vendor (Okta)."""
BOUND_TYPES = frozenset({"dpop", "pop", "mac"})
"""Values of ``token_type``, in lower case, of tokens that count only together with the proof of a key."""


class ClaimRules:
    """The rules of one tenant: ``trust`` says whose tokens, ``audiences`` for whom they are made; ``clock`` is the time in seconds since 1970."""

    def __init__(self, trust: Trust, audiences: Sequence[str], clock: Callable[[], float] = time.time) -> None:
        self.trust = trust
        self.audiences = frozenset(map(_plain, audiences))
        self._clock = clock

    def require_signed(self, claims: Mapping[str, Any]) -> None:
        """For claims that a signature proves: issuer, audience and expiry are there. Raises Unauthenticated."""
        if claims.get("iss") != self.trust.issuer:
            refuse("the token is not of this tenant's issuer")
        if not self.audiences & _audiences(claims.get("aud")):
            refuse("the token is not made for this server's base")
        if "exp" not in claims:
            refuse("the token's exp is missing or no point in time")
        self._require_common(claims)

    def require_told(self, claims: Mapping[str, Any]) -> None:
        """For claims that the issuer told when asked: what is there must fit. A token that is made for nobody in particular would open every
        server that asks the same issuer, so then its client must be one of those listed. Raises Unauthenticated."""
        if "iss" in claims and claims["iss"] != self.trust.issuer:
            refuse("the token is not of this tenant's issuer")
        if "aud" in claims:
            if not self.audiences & _audiences(claims["aud"]):
                refuse("the token is not made for this server's base")
        elif not self.trust.clients:
            refuse("the token names no audience, and trust.clients does not say whose tokens are accepted all the same")
        self._require_common(claims)

    def _require_common(self, claims: Mapping[str, Any]) -> None:
        if not isinstance(claims.get("sub", ""), str):
            refuse("the token's subject is not text")
        if claims.get("cnf") is not None or str(claims.get("token_type", "")).lower() in BOUND_TYPES:
            # RFC 9449 section 7.2, RFC 8705 section 3: whoever stole it must not be able to use it as a plain bearer token
            refuse("the token is bound to a key, and proofs of possession are not supported")
        client = client_of(claims)
        if self.trust.clients and client not in self.trust.clients:
            refuse("the token is not of a client that may call")
        self._require_current(claims)

    def _require_current(self, claims: Mapping[str, Any]) -> None:
        """A number that is none never passes a comparison."""
        now = self._clock()
        if "exp" in claims and not moment(claims, "exp") > now - LEEWAY_S:
            refuse("the token has expired")
        for name in ("nbf", "iat"):
            if name in claims and not moment(claims, name) <= now + LEEWAY_S:
                refuse("the token does not hold yet")


def client_of(claims: Mapping[str, Any]) -> str:
    """The client that the token was given to, or empty. Raises Unauthenticated for one that is not text."""
    value = next((claims[name] for name in CLIENT_CLAIMS if name in claims), "")
    if not isinstance(value, str):
        refuse("the token's client is not text")
    return value


def moment(claims: Mapping[str, Any], name: str) -> float:
    """A NumericDate (RFC 7519 section 2) within what clocks show. Raises Unauthenticated for anything else."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e12:
        refuse(f"the token's {name} is missing or no point in time")
    return float(value)


def _audiences(claim: Any) -> frozenset[str]:
    values = claim if isinstance(claim, list) else [claim]
    return frozenset(_plain(one) for one in values if isinstance(one, str))


def _plain(audience: str) -> str:
    """Bases are written with and without a slash at the end."""
    return audience.removesuffix("/")
