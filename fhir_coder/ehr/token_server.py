"""The authorization server of one EHR: where it is, and one request for a token (SMART Backend Services, grant client_credentials).

Source: https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html; discovery: conformance.html.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from urllib.parse import urlencode

import requests

from fhir_coder.backend_settings import BackendClient
from fhir_coder.ehr.token_answers import WHO, Grant, read_grant, read_token_url
from fhir_coder.errors import EhrError, EhrRefused
from fhir_coder.outbound.attempt import NO_TOKEN, Answer, Call, attempt
from fhir_coder.protected_urls import is_protected
from fhir_coder.smart.assertion import Assertions
from fhir_coder.smart.signing_key import load_key

DISCOVERY_LASTS_S = 3600.0
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class TokenServer:
    """Asks for tokens. ``clock`` tells monotonic seconds and ages what was discovered, ``now`` seconds since 1970 for assertions."""

    def __init__(
        self,
        base_url: str,
        client: BackendClient,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Raises ConfigurationError when the client's key cannot be used."""
        self._discovery_url = f"{base_url.rstrip('/')}/.well-known/smart-configuration"
        self._client = client
        self._assertions = Assertions(client.client_id, load_key(client.key, client.alg, client.kid), now, client.jku)
        self._clock = clock
        self._discovered: tuple[float, str] | None = None
        self._lock = threading.Lock()

    def ask(self, timeout_s: float) -> Grant:
        """A new token, asked for once: with an assertion made now, which no other request carries. Raises an EhrError."""
        url = self._client.token_url or self._discover(timeout_s)
        form = {
            "grant_type": "client_credentials",
            "scope": self._client.scope,
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self._assertions.new(url),
        }
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        answer = self._send(Call("POST", url, headers, urlencode(form).encode("ascii"), is_repeatable=False), timeout_s, WHO)
        return read_grant(answer, self._client.scope)

    def _discover(self, timeout_s: float) -> str:
        """The token endpoint that the EHR names, asked for without a token at most once an hour."""
        with self._lock:
            if self._discovered is None or self._clock() - self._discovered[0] > DISCOVERY_LASTS_S:
                url = read_token_url(self._send(Call("GET", self._discovery_url, {"Accept": "application/json"}), timeout_s, "the EHR"))
                if not is_protected(url):
                    raise EhrRefused(
                        "the EHR's SMART configuration names a token_endpoint that is not https; nothing is sent there", ehr_status=200
                    )
                self._discovered = (self._clock(), url)
            return self._discovered[1]

    def _send(self, call: Call, timeout_s: float, who: str) -> Answer:
        """One exchange in a session of its own: no cookie and no credential of another exchange goes along."""
        with requests.Session() as session:
            outcome = attempt(session, call, NO_TOKEN, timeout_s, who)
        if isinstance(outcome, EhrError):
            raise outcome
        return outcome
