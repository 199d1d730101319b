"""One question to the issuer: is this token good, and what does it say? (RFC 7662)

The token goes to the configured endpoint and nowhere else, in the body, so that no log of addresses has it. Whatever is not plainly ``active``
counts as not active; an issuer that is down is told apart, as its callers have done nothing wrong.
"""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote_plus, urlencode

import requests

from fhir_coder.errors import EhrError, IssuerUnavailable
from fhir_coder.outbound.attempt import NO_TOKEN, Answer, Call, attempt
from fhir_coder.private_files import read_secret
from fhir_coder.smart.assertion import Assertions
from fhir_coder.smart.introspection_settings import Introspection
from fhir_coder.smart.signing_key import load_key

TIMEOUT_S = 5.0
RETRY_AFTER_S = 5
"""Seconds after which an issuer that was down is asked again."""
WHO = "the issuer's introspection endpoint"
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

_log = logging.getLogger(__name__)


class IntrospectionEndpoint:
    """Asks one issuer. ``open_session`` makes a session for one exchange, ``now`` tells seconds since 1970 for assertions."""

    def __init__(self, settings: Introspection, open_session: Callable[[], requests.Session], now: Callable[[], float] = time.time) -> None:
        """Raises ConfigurationError when the secret or the key cannot be used."""
        self._settings = settings
        self._open_session = open_session
        self._secret = read_secret(settings.secret_file) if settings.secret_file else ""
        self._assertions = Assertions(settings.client_id, load_key(settings.key, settings.alg, settings.kid), now) if settings.key else None

    def ask(self, token: str) -> Mapping[str, Any] | None:
        """What the issuer says of a token that is active, or None for every other. Raises IssuerUnavailable."""
        form = {"token": token, "token_type_hint": "access_token"} | self._form()
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"} | self._headers()
        call = Call("POST", self._settings.url, headers, urlencode(form).encode("ascii"), is_repeatable=False)
        try:
            with self._open_session() as session:
                outcome = attempt(session, call, NO_TOKEN, TIMEOUT_S, WHO)
        except EhrError as error:
            outcome = error
        if isinstance(outcome, EhrError) or outcome.status == 429 or outcome.status >= 500:
            why = type(outcome).__name__ if isinstance(outcome, EhrError) else f"status {outcome.status}"
            _log.warning("tokens could not be introspected: %s", why)
            raise unavailable("the issuer cannot be asked after the token now; nothing was done, try again")
        return _active(outcome)

    def _form(self) -> dict[str, str]:
        """Our proof where it stands in the body."""
        ours = {"client_id": self._settings.client_id}
        if self._settings.auth == "client_secret_post":
            return ours | {"client_secret": self._secret}
        if self._assertions is not None:
            audience = self._settings.assertion_audience or self._settings.url
            return ours | {"client_assertion_type": _ASSERTION_TYPE, "client_assertion": self._assertions.new(audience)}
        return {}

    def _headers(self) -> dict[str, str]:
        """Our proof where it stands in a header. Id and secret are form-encoded before they are joined (RFC 6749 section 2.3.1)."""
        if self._settings.auth == "bearer":
            return {"Authorization": f"Bearer {self._secret}"}
        if self._settings.auth == "client_secret_basic":
            pair = f"{quote_plus(self._settings.client_id)}:{quote_plus(self._secret)}"
            return {"Authorization": f"Basic {base64.b64encode(pair.encode('ascii')).decode('ascii')}"}
        return {}


def unavailable(why: str, seconds: int = RETRY_AFTER_S) -> IssuerUnavailable:
    """The error that asks a caller to come back."""
    return IssuerUnavailable(why, headers={"Retry-After": str(seconds)})


def _active(answer: Answer) -> Mapping[str, Any] | None:
    """The members of an answer that says ``"active": true``; text or a number is no true."""
    if answer.status != 200:
        _log.warning("the introspection endpoint answered status %d: the token is not accepted; check trust.introspection", answer.status)
        return None
    try:
        members = json.loads(answer.body) if answer.media_type == "application/json" else None
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict) or members.get("active") is not True:
        return None
    return members
