"""One authorization server as we know it: what it publishes, kept for an hour, its keys, and requests to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from fhir_coder.errors import LaunchFailed, LaunchRefused
from fhir_coder.outbound.attempt import Answer, Call
from fhir_coder.smart.key_fetching import KeysUnavailable
from fhir_coder.smart.keys import IssuerKeys
from fhir_coder.smart.launch.client_proof import ClientProof
from fhir_coder.smart.launch.exchange import Sessions, ask, read_object
from fhir_coder.smart.launch.metadata import Endpoints, configured, is_complete, oauth_uris, read_endpoints
from fhir_coder.smart.launch.registration import Registration

DISCOVERY_LASTS_S = 3600.0
FAILURE_LASTS_S = 10.0
"""Seconds during which a server that failed is not asked again: anybody can open a launch address."""
_JSON = {"Accept": "application/json"}
_FHIR = {"Accept": "application/fhir+json"}
_EHR = "the EHR"


class AuthorizationServer:
    """The server of one registration. ``now`` tells seconds since 1970, ``clock`` monotonic seconds. Safe between threads."""

    def __init__(self, registration: Registration, sessions: Sessions, now: Callable[[], float], clock: Callable[[], float]) -> None:
        """Raises ConfigurationError when a key or secret file cannot be used."""
        self.registration = registration
        self._proof = ClientProof(registration, now)
        self._sessions = sessions
        self._clock = clock
        self._lock = threading.Lock()
        self._known: tuple[float, Endpoints | LaunchRefused] | None = None
        self._keys: tuple[str, IssuerKeys] | None = None

    def endpoints(self) -> Endpoints:
        """What it offers. Raises LaunchUnavailable or LaunchFailed, and for a few seconds again without asking."""
        with self._lock:
            if self._known is None or self._clock() - self._known[0] > self._lasts_s(self._known[1]):
                self._known = (self._clock(), self._discover())
            known = self._known[1]
        if isinstance(known, LaunchRefused):
            raise type(known)(known.message)
        return known

    def keys(self) -> IssuerKeys:
        """Its public keys, asked for when an id_token comes, and at most once a minute for one that is not known."""
        url = self.endpoints().jwks_uri
        with self._lock:
            if self._keys is None or self._keys[0] != url:
                self._keys = (url, IssuerKeys(lambda: self._fetch_keys(url), self._clock))
            return self._keys[1]

    def post(self, url: str, form: Mapping[str, str]) -> Answer:
        """Send a form with our proof of who we are. Raises LaunchUnavailable or LaunchFailed."""
        return ask(self._sessions, self._proof.post(url, form))

    def _lasts_s(self, known: Endpoints | LaunchRefused) -> float:
        return FAILURE_LASTS_S if isinstance(known, LaunchRefused) else DISCOVERY_LASTS_S

    def _discover(self) -> Endpoints | LaunchRefused:
        try:
            return read_endpoints(self.registration, self._document())
        except LaunchRefused as error:
            return error

    def _document(self) -> dict[str, Any]:
        """What the site configured, before what is published; only what is still missing is asked for."""
        own = configured(self.registration)
        if is_complete(own):
            return own
        if not self.registration.is_smart:
            return self._openid(self.registration.oidc_issuer or self.registration.issuer) | own
        document = self._smart() | own
        return document if is_complete(document) else self._with_openid(document) | own

    def _smart(self) -> dict[str, Any]:
        """The SMART configuration below the base, or what the CapabilityStatement says where there is none."""
        base = self.registration.issuer.rstrip("/")
        answer = ask(self._sessions, Call("GET", f"{base}/.well-known/smart-configuration", _JSON), _EHR)
        if answer.status == 200:
            return _told(answer)
        answer = ask(self._sessions, Call("GET", f"{base}/metadata", _FHIR), _EHR)
        return oauth_uris(read_object(answer)) if answer.status == 200 else {}

    def _with_openid(self, document: dict[str, Any]) -> dict[str, Any]:
        """Issuer and keys of the id_token, which a SMART configuration may leave to OpenID Connect's own document."""
        issuer = document.get("issuer")
        if isinstance(issuer, str):
            return self._openid(issuer) | document
        return self._published(self.registration.issuer) | document

    def _openid(self, issuer: str) -> dict[str, Any]:
        """The provider's document, which must be of the issuer that was asked (OpenID Connect Discovery 1.0 section 4.3)."""
        document = self._published(issuer)
        if not document:
            raise LaunchFailed("the authorization server publishes no OpenID Connect configuration; check the issuer")
        if document.get("issuer") != issuer:
            raise LaunchFailed("the OpenID Connect configuration is of another issuer than the one configured or published")
        return document

    def _published(self, issuer: str) -> dict[str, Any]:
        answer = ask(self._sessions, Call("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration", _JSON))
        return _told(answer) if answer.status == 200 else {}

    def _fetch_keys(self, url: str) -> bytes:
        try:
            answer = ask(self._sessions, Call("GET", url, _JSON))
        except LaunchRefused as error:
            raise KeysUnavailable(error.code) from error
        if answer.status != 200:
            raise KeysUnavailable(f"status {answer.status}")
        return answer.body


def _told(answer: Answer) -> dict[str, Any]:
    """The members that say something: null is no endpoint, and takes no other document's place."""
    return {name: value for name, value in read_object(answer).items() if value is not None}
