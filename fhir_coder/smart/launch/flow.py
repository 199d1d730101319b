"""The authorization code flow of SMART App Launch 2.2 and OpenID Connect: where a person is sent, and what comes back.

Sources: https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html, RFC 6749, RFC 7636 (PKCE), RFC 9207 (``iss`` in the answer), RFC 9700.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from fhir_coder.smart.launch.exchange import Sessions
from fhir_coder.smart.launch.launched import Launched, Pending
from fhir_coder.smart.launch.registration import Registration


class AuthorizationFlow:
    """Signs people in at the configured authorization servers. Safe between threads; it keeps what was discovered, never a person."""

    def __init__(self, registrations: Iterable[Registration], sessions: Sessions, now: Callable[[], float] = time.time) -> None:
        """``sessions`` opens an HTTP session, ``now`` tells seconds since 1970.

        Raises ConfigurationError when a key or secret file cannot be used, or two registrations of a tenant are for one issuer.
        """
        raise NotImplementedError

    def find(self, iss: str, tenant: str = "") -> Registration | None:
        """The EHR registration for the ``iss`` of a launch, without asking anybody. None: none is configured, or several tenants have it and
        ``tenant`` does not say which."""
        raise NotImplementedError

    def of(self, tenant: str, ehr: str = "") -> Registration | None:
        """The registration at one EHR of a tenant; without ``ehr`` that at the practice's own provider."""
        raise NotImplementedError

    def begin(self, registration: Registration, redirect_uri: str, launch: str = "", return_to: str = "") -> tuple[str, Pending]:
        """The URL to send a person to (302), and what to keep in their session. ``launch`` is what the EHR gave; empty: a standalone launch.

        ``return_to`` that is no plain path of this server is dropped. Raises LaunchRefused when discovery fails.
        """
        raise NotImplementedError

    def finish(self, pending: Pending, query: Mapping[str, Sequence[str]]) -> Launched:
        """What came of it; ``query`` are all parameters of the callback with all their values. Raises LaunchRefused.

        The caller has taken ``pending`` out of the session before, so that it is used once.
        """
        raise NotImplementedError

    def refresh(self, launched: Launched) -> Launched:
        """The same person with a new access token; its refresh token replaces the old one. Raises LaunchRefused: SignedOut when the server no
        longer knows the person (or there is no refresh token), LaunchUnavailable when it can be tried again."""
        raise NotImplementedError

    def end_session_url(self, launched: Launched, post_logout_redirect_uri: str = "") -> str | None:
        """Where to send a person who signs out (OpenID Connect RP-Initiated Logout 1.0), or None where that is not offered or not known."""
        raise NotImplementedError

    def revoke(self, launched: Launched) -> bool:
        """Take the tokens back (RFC 7009) where that is offered; whether it was done. Raises nothing: signing out never fails."""
        raise NotImplementedError
