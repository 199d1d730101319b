"""An authorization server for a server that is tried: it gives whoever asks in the right form a signed token for any scope.

It proves nothing about anybody and stands beside made-up records alone. Its tokens are JWTs that a server can verify by the key set.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt

from conformance.simulator.exchange import Reply
from conformance.simulator.tokens import ASSERTION, JSON
from fhir_coder.smart.signing_key import SigningKey, key_set

PATH = "/_authorization"
LASTS_S = 3600


class Authorization:
    """``issuer`` is its own address, ``audience`` the FHIR base of the server that its tokens are for, ``key`` what it signs with."""

    def __init__(self, issuer: str, audience: str, key: SigningKey) -> None:
        self.issuer = issuer
        self.audience = audience
        self._key = key

    def endpoint(self, name: str) -> str:
        """The address of one of its endpoints: ``token``, ``jwks``, ``authorize``."""
        return f"{self.issuer}/{name}"

    def answer(self, method: str, path: str, body: bytes) -> Reply:
        """One request; ``path`` is what follows :data:`PATH`, without a slash at either end."""
        if (method, path) == ("GET", "jwks"):
            return Reply.of(200, key_set([self._key]), JSON)
        if (method, path) == ("POST", "token"):
            return self._give(body)
        return Reply.of(404, {"error": "not_found", "error_description": "jwks and token are here; nobody signs in"}, JSON)

    def token(self, scope: str, **claims: Any) -> str:
        """A signed token with this scope, and with other claims than usual."""
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": self.audience, "sub": "kit", "client_id": "kit", "iat": now, "exp": now + LASTS_S}
        header = {"alg": self._key.alg, "kid": self._key.kid, "typ": "at+jwt"}
        return jwt.encode(header, {**usual, "scope": scope, **claims}, self._key.secret, algorithms=[self._key.alg])

    def _give(self, body: bytes) -> Reply:
        """https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html; the assertion is looked at and not verified."""
        form: Mapping[str, str] = {name: values[-1] for name, values in parse_qs(body.decode("ascii", "replace")).items()}
        if form.get("grant_type") != "client_credentials":
            return Reply.of(400, {"error": "unsupported_grant_type"}, JSON)
        if form.get("client_assertion_type") != ASSERTION or form.get("client_assertion", "").count(".") != 2 or not form.get("scope"):
            return Reply.of(400, {"error": "invalid_request"}, JSON)
        granted = {"access_token": self.token(form["scope"]), "token_type": "bearer", "expires_in": LASTS_S, "scope": form["scope"]}
        return Reply.of(200, granted, JSON, Cache_Control="no-store")
