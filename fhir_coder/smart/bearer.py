"""Bearer tokens: how one is given (RFC 6750) and what makes it valid (RFC 7515, RFC 7519, RFC 8725). Whatever is wrong is Unauthenticated.

What a token says of its own keys (``jku``, ``jwk``, ``x5u``, ``x5c``) is not looked at. Refusals name the fault and repeat nothing of the token.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from joserfc import jws
from joserfc.errors import JoseError

from fhir_coder.smart.claims import LEEWAY_S, ClaimRules
from fhir_coder.smart.keys import IssuerKeys
from fhir_coder.smart.refusal import REALM, ask_for_token, refuse

__all__ = ["LEEWAY_S", "MAX_TOKEN_CHARACTERS", "REALM", "TokenVerifier", "Verifier", "claimed_issuer", "read_bearer", "refuse"]

MAX_TOKEN_CHARACTERS = 8192
_UNREADABLE = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What the library and the JSON reader raise for bytes of a stranger."""
_CREDENTIALS = re.compile(r"(?P<scheme>[!-~]+) +(?P<token>[A-Za-z0-9\-._~+/]+=*)", re.ASCII)  # b64token, RFC 6750 section 2.1
_SIGNED = re.compile(r"[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]+", re.ASCII)  # RFC 7515 section 3.1, never padded


class _Registry(jws.JWSRegistry):
    """Room for headers that carry certificates; unknown header parameters are ignored, as RFC 7515 section 4 asks."""

    max_header_length = MAX_TOKEN_CHARACTERS
    max_payload_length = MAX_TOKEN_CHARACTERS


def read_bearer(authorization: Sequence[str], is_in_query: bool) -> str:
    """The token of a request with these Authorization headers. ``is_in_query``: the address holds one, which logs and histories keep."""
    if is_in_query:
        refuse("a token must not stand in the address")
    if not authorization:
        ask_for_token("a bearer token is required")
    if len(authorization) > 1:
        refuse("exactly one Authorization header is accepted")
    if len(authorization[0]) > MAX_TOKEN_CHARACTERS:
        refuse("the token is too long")
    match = _CREDENTIALS.fullmatch(authorization[0])
    if match is None or match["scheme"].lower() != "bearer":
        refuse("the Authorization header must hold one bearer token")
    return match["token"]


def claimed_issuer(token: str) -> str:
    """Who a signed token says made it, or empty: not proved yet, and good only for choosing among issuers that are configured.

    Raises Unauthenticated for what is no signed JWT.
    """
    try:
        claims = json.loads(jws.extract_compact(token.encode("ascii"), registry=_Registry(strict_check_header=False)).payload)
    except _UNREADABLE:
        refuse("the token cannot be read")
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    return issuer if isinstance(issuer, str) else ""


class Verifier(Protocol):
    """What tells whether a token holds for one tenant."""

    @property
    def rules(self) -> ClaimRules:
        """What its claims must say."""

    def verify(self, token: str) -> Mapping[str, Any]:
        """The claims of a token that holds now. Raises Unauthenticated, or IssuerUnavailable when that cannot be told now."""


class TokenVerifier:
    """Verifies signed tokens of one tenant with the keys of its issuer."""

    def __init__(self, rules: ClaimRules, keys: IssuerKeys) -> None:
        self.rules = rules
        self._algorithms = rules.trust.algorithms
        self._keys = keys

    def verify(self, token: str) -> Mapping[str, Any]:
        """The claims of a token that the pinned issuer made for this tenant and that holds now. Raises Unauthenticated."""
        claims = self._proved(token)
        self.rules.require_signed(claims)
        return claims

    def _proved(self, token: str) -> dict[str, Any]:
        """The claims, once the signature is proved with a key of the pinned issuer."""
        if not _SIGNED.fullmatch(token):
            refuse("the token is no signed JWT, which this tenant's issuer makes")
        registry = _Registry(algorithms=self._algorithms, strict_check_header=False)
        try:
            signed = jws.extract_compact(token.encode("ascii"), registry=registry)
            header = signed.protected
            if "crit" in header:  # whatever it demands is not understood here (RFC 7515 section 4.1.11)
                refuse("the token demands an extension that is not supported")
            algorithm, kid = header.get("alg"), header.get("kid")
            if algorithm not in self._algorithms:
                refuse("the token is not signed with an algorithm that is allowed")
            if not (kid is None or isinstance(kid, str)):
                refuse("the token's key id is not text")
            key = self._keys.find(kid, algorithm)
            if key is None:
                refuse("the token is not signed with a known key")
            if not jws.validate_compact(signed, key.key, registry=registry):
                refuse("the token's signature is wrong")
            claims = json.loads(signed.payload)
        except _UNREADABLE:
            refuse("the token cannot be read")
        if not isinstance(claims, dict):
            refuse("the token cannot be read")
        return claims
