"""The id_token: who signed in, proved by the provider's signature and made for this client, this sign-in and this moment.

Sources: OpenID Connect Core 1.0 sections 3.1.3.7 and 12.2, RFC 8725. What a token says of its own keys is not looked at. It comes over TLS from the
token endpoint; the signature is verified all the same, as SMART App Launch asks.
"""

from __future__ import annotations

import json
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jws
from joserfc.errors import ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError

from fhir_coder.errors import LaunchFailed
from fhir_coder.smart.keys import IssuerKeys
from fhir_coder.smart.trust import ALGORITHMS

LEEWAY_S = 60
"""How far the clocks of provider and server may be apart."""
MAX_CHARACTERS = 32 * 1024
"""Group claims make tokens long."""
_MAX_SUBJECT = 255  # OpenID Connect Core section 2
_CLAIMS = ("iss", "sub", "aud", "exp", "nbf", "iat", "nonce", "azp", "at_hash", "auth_time", "amr", "jti")


class _Registry(jws.JWSRegistry):
    """Room for headers that carry certificates and for claims that list groups."""

    max_header_length = MAX_CHARACTERS
    max_payload_length = MAX_CHARACTERS


def verify_id_token(
    token: str, keys: IssuerKeys, issuer: str, client_id: str, now: float, nonce: str | None, access_token: str
) -> dict[str, Any]:
    """The claims. ``nonce`` None: none is compared; ``at_hash`` is compared with ``access_token`` where it is there.

    Raises LaunchFailed, which names the claim or the fault and repeats nothing.
    """
    header, claims = _proved(token, keys)
    options: dict[str, Any] = {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}}
    params = {"nonce": nonce, "client_id": client_id, "access_token": access_token}
    try:
        CodeIDToken(claims, header, options, params).validate(int(now), LEEWAY_S)
    except ExpiredTokenError:
        raise _refused("it has expired; check the clocks") from None
    except (InvalidClaimError, MissingClaimError) as error:
        raise _refused(f"{error.claim if error.claim in _CLAIMS else 'a claim'} is missing or wrong") from None
    except (JoseError, ValueError, TypeError, AttributeError, KeyError):
        raise _refused("its claims are malformed") from None
    if not 0 < len(claims["sub"]) <= _MAX_SUBJECT or not claims["sub"].isprintable():
        raise _refused("its sub names nobody")
    return claims


def _proved(token: str, keys: IssuerKeys) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, once the signature is proved with a published key and an algorithm that we allow (never ``none`` or HS256)."""
    if len(token) > MAX_CHARACTERS:
        raise _refused("it is too long")
    registry = _Registry(algorithms=list(ALGORITHMS), strict_check_header=False)
    try:
        signed = jws.extract_compact(token.encode("ascii"), registry=registry)
        header = dict(signed.protected)
        kid = header.get("kid")
        if header.get("alg") not in ALGORITHMS or "crit" in header or not (kid is None or isinstance(kid, str)):
            raise _refused("it is not signed with an algorithm that is allowed, or its header is wrong")
        key = keys.find(kid, header["alg"])
        if key is None:
            raise _refused("it is not signed with a key that the provider publishes")
        if not jws.validate_compact(signed, key.key, registry=registry):
            raise _refused("its signature is wrong")
        claims = json.loads(signed.payload)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _refused("it cannot be read") from None
    if not isinstance(claims, dict):
        raise _refused("it cannot be read")
    return header, claims


def _refused(why: str) -> LaunchFailed:
    return LaunchFailed(f"the id_token that the authorization server gave is not accepted: {why}")
