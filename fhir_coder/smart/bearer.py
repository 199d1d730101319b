"""Bearer tokens: how one is given (RFC 6750) and what makes it valid (RFC 7515, RFC 7519, RFC 8725). Whatever is wrong is Unauthenticated.

What a token says of its own keys (``jku``, ``jwk``, ``x5u``, ``x5c``) is not looked at. Refusals name the fault and repeat nothing of the token.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from joserfc import jws
from joserfc.errors import JoseError

from fhir_coder.errors import Unauthenticated
from fhir_coder.smart.keys import IssuerKeys
from fhir_coder.smart.trust import Trust

LEEWAY_S = 60
"""How far the clocks of issuer and server may be apart."""
MAX_TOKEN_CHARACTERS = 8192
REALM = 'Bearer realm="fhir-coder"'
_CREDENTIALS = re.compile(r"(?P<scheme>[!-~]+) +(?P<token>[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]+)", re.ASCII)


class _Registry(jws.JWSRegistry):
    """Room for headers that carry certificates; unknown header parameters are ignored, as RFC 7515 section 4 asks."""

    max_header_length = MAX_TOKEN_CHARACTERS
    max_payload_length = MAX_TOKEN_CHARACTERS


def read_bearer(authorization: Sequence[str], is_in_query: bool) -> str:
    """The token of a request with these Authorization headers. ``is_in_query``: the address holds one, which logs and histories keep."""
    if is_in_query:
        refuse("a token must not stand in the address")
    if not authorization:
        raise Unauthenticated("a bearer token is required", headers={"WWW-Authenticate": REALM})
    if len(authorization) > 1:
        refuse("exactly one Authorization header is accepted")
    if len(authorization[0]) > MAX_TOKEN_CHARACTERS:
        refuse("the token is too long")
    match = _CREDENTIALS.fullmatch(authorization[0])
    if match is None or match["scheme"].lower() != "bearer":
        refuse("the Authorization header must hold one bearer token that is a signed JWT")
    return match["token"]


def refuse(why: str) -> NoReturn:
    """Raise Unauthenticated with the challenge of RFC 6750 section 3."""
    raise Unauthenticated(why, headers={"WWW-Authenticate": f'{REALM}, error="invalid_token"'})


class TokenVerifier:
    """Verifies the tokens of one tenant: ``trust`` says whose, ``audiences`` for whom; ``clock`` is the time in seconds since 1970."""

    def __init__(self, trust: Trust, audiences: Sequence[str], keys: IssuerKeys, clock: Callable[[], float] = time.time) -> None:
        self.trust = trust
        self.audiences = frozenset(map(_plain, audiences))
        self._keys = keys
        self._clock = clock

    def verify(self, token: str) -> Mapping[str, Any]:
        """The claims of a token that the pinned issuer made for this tenant and that holds now. Raises Unauthenticated."""
        claims = self._proved(token)
        if claims.get("iss") != self.trust.issuer:
            refuse("the token is not of this tenant's issuer")
        if not self.audiences & _audiences(claims.get("aud")):
            refuse("the token is not made for this server's base")
        if not isinstance(claims.get("sub", ""), str):
            refuse("the token's subject is not text")
        self._require_current(claims)
        return claims

    def _proved(self, token: str) -> dict[str, Any]:
        """The claims, once the signature is proved with a key of the pinned issuer."""
        registry = _Registry(algorithms=self.trust.algorithms, strict_check_header=False)
        try:
            signed = jws.extract_compact(token.encode("ascii"), registry=registry)
            header = signed.protected
            if "crit" in header:  # whatever it demands is not understood here (RFC 7515 section 4.1.11)
                refuse("the token demands an extension that is not supported")
            algorithm, kid = header.get("alg"), header.get("kid")
            if algorithm not in self.trust.algorithms:
                refuse("the token is not signed with an algorithm that is allowed")
            if not (kid is None or isinstance(kid, str)):
                refuse("the token's key id is not text")
            key = self._keys.find(kid, algorithm)
            if key is None:
                refuse("the token is not signed with a known key")
            if not jws.validate_compact(signed, key.key, registry=registry):
                refuse("the token's signature is wrong")
            claims = json.loads(signed.payload)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            refuse("the token cannot be read")
        if not isinstance(claims, dict):
            refuse("the token cannot be read")
        return claims

    def _require_current(self, claims: Mapping[str, Any]) -> None:
        """``exp`` is required; a number that is none never passes a comparison."""
        now = self._clock()
        if not _moment(claims, "exp") > now - LEEWAY_S:
            refuse("the token has expired")
        for name in ("nbf", "iat"):
            if name in claims and not _moment(claims, name) <= now + LEEWAY_S:
                refuse("the token does not hold yet")


def _moment(claims: Mapping[str, Any], name: str) -> float:
    """A NumericDate (RFC 7519 section 2) within what clocks show."""
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
