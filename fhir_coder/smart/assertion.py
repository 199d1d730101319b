"""What we sign to tell an authorization server who we are: one JWT for each request, never sent twice.

Source: SMART App Launch 2.2, client-confidential-asymmetric.html#authenticating-to-the-token-endpoint; RFC 7523 section 3.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from joserfc import jwt

from fhir_coder.smart.signing_key import SigningKey

LASTS_S = 240
"""Seconds that an assertion is good for; 300 are allowed, and the server's clock may be behind ours."""


class Assertions:
    """Makes the assertions of one client. ``now`` tells seconds since 1970; ``jku`` is the registered URL of our keys, or empty."""

    def __init__(self, client_id: str, key: SigningKey, now: Callable[[], float], jku: str = "") -> None:
        self._client_id = client_id
        self._key = key
        self._now = now
        self._header: dict[str, Any] = {"alg": key.alg, "kid": key.kid, "typ": "JWT"} | ({"jku": jku} if jku else {})

    def new(self, token_url: str) -> str:
        """A signed assertion for one request to ``token_url``, with a ``jti`` of its own."""
        issued = int(self._now())
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": token_url,
            "iat": issued,
            "exp": issued + LASTS_S,
            "jti": str(uuid.uuid4()),
        }
        return jwt.encode(dict(self._header), claims, self._key.secret, algorithms=[self._key.alg])
