"""The authorization code flow of SMART App Launch 2.2 and OpenID Connect: where a person is sent, and what comes back.

Sources: https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html, RFC 6749, RFC 7636 (PKCE), RFC 9207 (``iss`` in the answer), RFC 9700.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import urlsplit

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from fhir_coder.errors import ConfigurationError, LaunchFailed, LaunchInvalid, LaunchRefused, SignedOut
from fhir_coder.protected_urls import is_protected
from fhir_coder.smart.launch.callback import read_code, read_state
from fhir_coder.smart.launch.exchange import Sessions
from fhir_coder.smart.launch.issuers import normal_issuer
from fhir_coder.smart.launch.launched import Launched, Pending
from fhir_coder.smart.launch.metadata import CHALLENGE_METHOD
from fhir_coder.smart.launch.people import launched_by, refreshed_by
from fhir_coder.smart.launch.registration import Registration
from fhir_coder.smart.launch.server import AuthorizationServer
from fhir_coder.smart.launch.token_answers import INVALID_GRANT, read_tokens

__all__ = ["PENDING_LASTS_S", "AuthorizationFlow", "read_state"]

PENDING_LASTS_S = 600.0
"""How long a person may take to sign in."""
_SKEW_S = 60.0
_RANDOM_BYTES = 32
"""256 bits each of state, nonce and verifier; SMART asks for 122 of state, RFC 7636 for 43 characters of the verifier."""
_LAUNCH = re.compile(r"[!-~]{1,4096}", re.ASCII)
_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]{0,2000}", re.ASCII)


class AuthorizationFlow:
    """Signs people in at the configured authorization servers. Safe between threads; it keeps what was discovered, never a person."""

    def __init__(
        self,
        registrations: Iterable[Registration],
        sessions: Sessions,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``sessions`` opens an HTTP session, ``now`` tells seconds since 1970, ``clock`` monotonic seconds.

        Raises ConfigurationError when a key or secret file cannot be used, or two registrations of a tenant are for one issuer.
        """
        self._now = now
        self._servers = {(one.tenant, one.ehr): AuthorizationServer(one, sessions, now, clock) for one in registrations}
        self._ehrs: dict[str, list[Registration]] = {}
        for registration in (server.registration for server in self._servers.values() if server.registration.is_smart):
            issuer = normal_issuer(registration.issuer)
            if issuer is None:
                raise ConfigurationError("the base_url of an EHR with launch must be an https URL with a sound port and without a query")
            self._ehrs.setdefault(issuer, []).append(registration)
        if any(len({one.tenant for one in some}) != len(some) for some in self._ehrs.values()):
            raise ConfigurationError("two EHRs of one tenant have one base_url and launch; a launch could not tell which is meant")

    def find(self, iss: str, tenant: str = "") -> Registration | None:
        """The EHR registration for the ``iss`` of a launch, without asking anybody. None: none is configured, or several tenants have it and
        ``tenant`` does not say which."""
        known = self._ehrs.get(normal_issuer(iss) or "", [])
        meant = [one for one in known if tenant in {"", one.tenant}]
        return meant[0] if len(meant) == 1 else None

    def of(self, tenant: str, ehr: str = "") -> Registration | None:
        """The registration at one EHR of a tenant; without ``ehr`` that at the practice's own provider."""
        server = self._servers.get((tenant, ehr))
        return None if server is None else server.registration

    def begin(self, registration: Registration, redirect_uri: str, launch: str = "", return_to: str = "") -> tuple[str, Pending]:
        """The URL to send a person to (302), and what to keep in their session. ``launch`` is what the EHR gave; empty: a standalone launch.

        ``return_to`` that is no plain path of this server is dropped. Raises LaunchRefused when discovery fails.
        """
        if not is_protected(redirect_uri):
            raise ConfigurationError("people sign in over https alone (http on loopback only); set FHIR_CODER_PUBLIC_URL")
        if launch and not (registration.is_smart and _LAUNCH.fullmatch(launch)):
            raise LaunchInvalid("launch is no launch context that an EHR gave")
        endpoint = self._server(registration.tenant, registration.ehr).endpoints().authorization_endpoint
        pending = Pending(
            registration.tenant,
            registration.ehr,
            registration.issuer,
            redirect_uri,
            self._now(),
            state=secrets.token_urlsafe(_RANDOM_BYTES),
            nonce=secrets.token_urlsafe(_RANDOM_BYTES),
            verifier=secrets.token_urlsafe(_RANDOM_BYTES),
            return_to=return_to if _PATH.fullmatch(return_to) else "",
        )
        return _authorization_url(endpoint, registration, pending, launch), pending

    def finish(self, pending: Pending, query: Mapping[str, Sequence[str]]) -> Launched:
        """What came of it; ``query`` are all parameters of the callback with all their values. Raises LaunchRefused.

        The caller has taken ``pending`` out of the session before, so that it is used once.
        """
        if not -_SKEW_S <= self._now() - pending.created_at <= PENDING_LASTS_S:
            raise LaunchInvalid("the sign-in took too long; start again")
        server = self._servers.get((pending.tenant, pending.ehr))
        if server is None or server.registration.issuer != pending.issuer:
            raise LaunchInvalid("the place where this sign-in was started is not configured any more; start again")
        endpoints = server.endpoints()
        form = {
            "grant_type": "authorization_code",
            "code": read_code(query, pending.state, endpoints.issuer, endpoints.names_itself),
            "redirect_uri": pending.redirect_uri,
            "code_verifier": pending.verifier,
        }
        asked = self._now()
        used = LaunchInvalid("the sign-in was used before or has expired; start again", oauth_error=INVALID_GRANT)
        answer = read_tokens(server.post(endpoints.token_endpoint, form), used)
        return launched_by(server, answer, pending, asked, self._now())

    def refresh(self, launched: Launched) -> Launched:
        """The same person with a new access token; its refresh token replaces the old one. Raises LaunchRefused: SignedOut when the server no
        longer knows the person (or there is no refresh token), LaunchUnavailable when it can be tried again.

        Servers take a refresh token once: two refreshes of one person at the same time end the sign-in, and the caller sees to it.
        """
        gone = SignedOut("the sign-in has ended at the authorization server; sign in again", oauth_error=INVALID_GRANT)
        server = self._servers.get((launched.tenant, launched.ehr))
        if server is None or server.registration.issuer != launched.issuer or not launched.refresh_token:
            raise gone
        form = {"grant_type": "refresh_token", "refresh_token": launched.refresh_token}
        asked = self._now()
        answer = read_tokens(server.post(server.endpoints().token_endpoint, form), gone)
        return refreshed_by(server, answer, launched, asked, self._now())

    def end_session_url(self, launched: Launched, post_logout_redirect_uri: str = "") -> str | None:
        """Where to send a person who signs out (OpenID Connect RP-Initiated Logout 1.0), or None where that is not offered or not known."""
        server = self._servers.get((launched.tenant, launched.ehr))
        try:
            endpoint = server.endpoints().end_session_endpoint if server else ""
        except LaunchRefused:
            return None
        if not endpoint or server is None:
            return None
        named = {
            "id_token_hint": launched.id_token,
            "client_id": server.registration.client_id,
            "post_logout_redirect_uri": post_logout_redirect_uri,
        }
        return str(add_params_to_uri(endpoint, [(name, value) for name, value in named.items() if value]))

    def revoke(self, launched: Launched) -> bool:
        """Take the tokens back (RFC 7009) where that is offered; whether it was done. Raises nothing: signing out never fails."""
        server = self._servers.get((launched.tenant, launched.ehr))
        try:
            url = server.endpoints().revocation_endpoint if server else ""
            if not url or server is None:
                return False
            kind = "refresh_token" if launched.refresh_token else "access_token"
            token = launched.refresh_token or launched.access_token
            return server.post(url, {"token": token, "token_type_hint": kind}).status == 200
        except LaunchRefused:
            return False

    def _server(self, tenant: str, ehr: str) -> AuthorizationServer:
        return self._servers[tenant, ehr]


def _authorization_url(endpoint: str, registration: Registration, pending: Pending, launch: str) -> str:
    """The request by GET (app-launch.html#obtain-authorization-code). Raises LaunchFailed for an endpoint that speaks for us."""
    named = {
        "response_type": "code",
        "client_id": registration.client_id,
        "redirect_uri": pending.redirect_uri,
        "scope": _scope(registration, launch),
        "state": pending.state,
        "nonce": pending.nonce,
        "code_challenge": create_s256_code_challenge(pending.verifier),
        "code_challenge_method": CHALLENGE_METHOD,
        **({"aud": registration.issuer} if registration.is_smart else {}),
        **({"launch": launch} if launch else {}),
    }
    if set(re.findall(r"[^&=]+(?==)", urlsplit(endpoint).query)) & {*named, "launch", "request", "request_uri"}:
        raise LaunchFailed("the authorization_endpoint has parameters of a sign-in already")
    return str(add_params_to_uri(endpoint, list(named.items())))


def _scope(registration: Registration, launch: str) -> str:
    """As configured; ``launch`` goes with what the EHR gave, and only with that (scopes-and-launch-context.html)."""
    others = [one for one in registration.scope.split(" ") if one != "launch"]
    return " ".join(["launch", *others] if launch else others)
