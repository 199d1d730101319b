"""How the kit proves who it is: a token that it was given, or SMART Backend Services; and tokens that a server must refuse."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import import_key

from conformance.target import Authorize
from conformance.verdict import plain

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_S = 240
"""Life of a client assertion; SMART allows five minutes."""
RENEWED_S = 30
"""A token is asked for anew so long before it ends."""


class CredentialsUnusable(Exception):
    """What was given to prove ourselves with does not work; the reason."""


def bearer(token: str) -> Authorize:
    """A token that somebody else got."""
    return lambda: {"Authorization": f"Bearer {token}"}


@dataclass(frozen=True, slots=True)
class BackendService:
    """Registration of the kit at an authorization server (SMART Backend Services): ``key`` is a private JWK with kid and alg, ``resource`` whom
    tokens are asked for (RFC 8707), empty for servers that need not be told."""

    token_url: str
    client_id: str
    scope: str
    key: Mapping[str, Any]
    resource: str = ""

    @classmethod
    def read(cls, file: Path) -> BackendService:
        """From a JSON file with ``token_url``, ``client_id``, ``scope`` and ``key``, and ``resource`` where needed. Raises CredentialsUnusable."""
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            return cls(found["token_url"], found["client_id"], found["scope"], found["key"], found.get("resource", ""))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CredentialsUnusable(f"{file} must hold token_url, client_id, scope and key (a private JWK) as JSON") from error

    def assertion(self, now: float) -> str:
        """A client assertion that is used once (RFC 7523; SMART: RS384 or ES384)."""
        key = import_key(dict(self.key))  # type: ignore[arg-type]
        header = {"alg": self.key["alg"], "kid": self.key["kid"], "typ": "JWT"}
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.token_url,
            "exp": int(now) + ASSERTION_S,
            "jti": secrets.token_urlsafe(24),
        }
        return jwt.encode(header, claims, key, algorithms=[self.key["alg"]])


class BackendToken:
    """A token of a backend service, asked for when there is none and anew before it ends."""

    def __init__(self, service: BackendService, session: requests.Session) -> None:
        self._service = service
        self._session = session
        self._token = ""
        self._until = 0.0

    def __call__(self) -> Mapping[str, str]:
        """The headers. Raises CredentialsUnusable where the authorization server gives no token."""
        if time.time() > self._until - RENEWED_S:
            self._renew()
        return {"Authorization": f"Bearer {self._token}"}

    def renewed(self) -> Mapping[str, str]:
        """The headers with another token than before. Raises CredentialsUnusable."""
        self._renew()
        return self()

    def for_scope(self, scope: str) -> BackendToken:
        """The same client asking for another scope."""
        return BackendToken(replace(self._service, scope=scope), self._session)

    def _renew(self) -> None:
        now = time.time()
        form = {"grant_type": "client_credentials", "scope": self._service.scope, "client_assertion_type": ASSERTION}
        try:
            form["client_assertion"] = self._service.assertion(now)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise CredentialsUnusable(
                "the key of --backend-services cannot sign: expected a private JWK with kid, and alg RS384 or ES384"
            ) from error
        if self._service.resource:
            form["resource"] = self._service.resource
        try:
            answer = self._session.post(self._service.token_url, data=form, timeout=30)
        except requests.RequestException as error:
            raise CredentialsUnusable(f"nobody answers at {self._service.token_url} ({type(error).__name__})") from error
        try:
            body = answer.json()
            self._token, lasts = body["access_token"], float(body.get("expires_in", 300))
        except (ValueError, KeyError, TypeError) as error:
            why = f"the authorization server gives no token for this client: HTTP {answer.status_code} {_error_of(answer)}".rstrip()
            raise CredentialsUnusable(why) from error
        self._until = now + lasts


def _error_of(answer: requests.Response) -> str:
    """The error that RFC 6749 section 5.2 has, or nothing."""
    try:
        body = answer.json()
    except ValueError:
        return ""
    return plain(body.get("error", "")) if isinstance(body, dict) else ""


SPELLINGS = {
    "v1": "system/Encounter.read system/DocumentReference.read",
    "v2": "system/Encounter.r system/DocumentReference.rs",
}
"""What the operation needs, in the words of SMART 1 and SMART 2; a server may publish that it needs others, and is then given its tokens by file."""


def in_every_spelling(token: BackendToken) -> dict[str, Authorize]:
    """Tokens that the same client asks for when they are used."""
    return {name: token.for_scope(scope) for name, scope in SPELLINGS.items()}


ACCEPTED = (*SPELLINGS, "other")
"""Tokens that a server must take: by the spelling of their scopes, and one of another caller than ours."""


def read_accepted(file: Path) -> dict[str, Authorize]:
    """Such tokens from a JSON object with some of these names. Raises CredentialsUnusable."""
    return {name: bearer(token) for name, token in _tokens(file, ACCEPTED).items()}


WHY_REFUSED = ("expired", "narrow", "foreign", "patient")
"""Tokens that a server must refuse: one that is over; one whose scope does not cover the operation; one made for another audience; one that is bound
to a patient whom no encounter is of."""


def read_refused(file: Path) -> Mapping[str, str]:
    """Such tokens from a JSON object with some of these names. Raises CredentialsUnusable."""
    return _tokens(file, WHY_REFUSED)


def _tokens(file: Path, names: Iterable[str]) -> dict[str, str]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CredentialsUnusable(f"{file} is no JSON") from error
    if not isinstance(found, dict) or not set(found) <= set(names) or not all(isinstance(one, str) for one in found.values()):
        raise CredentialsUnusable(f"{file} must be a JSON object with some of {', '.join(names)}")
    return found
