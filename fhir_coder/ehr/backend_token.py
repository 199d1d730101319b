"""The token of one EHR, asked for when it is needed, shared by all threads of the process, and renewed before it expires."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

from fhir_coder.ehr.access import AccessTokens, StaticToken
from fhir_coder.ehr.granted_scope import missing_scopes
from fhir_coder.ehr.token_answers import Grant
from fhir_coder.ehr.token_failure import TokenFailure
from fhir_coder.ehr.token_server import TokenServer
from fhir_coder.errors import EhrError, EhrTimeout
from fhir_coder.outbound.addresses import Network
from fhir_coder.outbound.session import open_session
from fhir_coder.tenant_settings import EhrSettings, rule_of

_SKEW_S = 30.0
_SKEW_SHARE = 0.2

_log = logging.getLogger(__name__)


class AsksForTokens(Protocol):
    """An authorization server."""

    def ask(self, timeout_s: float) -> Grant:
        """A new token. Raises an EhrError."""


class BackendToken:
    """Keeps the newest token. A token is used until half a minute, or a fifth of its time if that is less, before it expires.

    ``clock`` tells monotonic seconds. While one thread asks, the others wait for what it gets. A failure stands for a short while
    (:mod:`fhir_coder.ehr.token_failure`), for them and for the calls that follow.
    """

    def __init__(self, server: AsksForTokens, scope: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._server = server
        self._scope = scope
        self._clock = clock
        self._failure = TokenFailure(clock)
        self._lock = threading.Lock()
        self._grant: Grant | None = None
        self._good_until = 0.0
        self._missing: tuple[str, ...] = ()

    @property
    def missing_scopes(self) -> tuple[str, ...]:
        """Scopes of the last request that were not granted."""
        return self._missing

    def current(self, timeout_s: float) -> str:
        """The token, asked for now where there is none that is good for a while. Raises an EhrError."""
        if not self._lock.acquire(timeout=timeout_s):
            raise EhrTimeout(f"another request for the EHR's token did not end within {timeout_s:g} s")
        try:
            if self._grant is None or self._clock() >= self._good_until:
                self._renew(timeout_s)
            assert self._grant is not None  # noqa: S101 - tells the type: _renew sets it or raises
            return self._grant.token
        finally:
            self._lock.release()

    def forget(self, token: str) -> bool:
        """Ask for another at the next call, unless that has happened since."""
        with self._lock:
            if self._grant is not None and self._grant.token == token:
                self._grant = None
        return True

    def _renew(self, timeout_s: float) -> None:
        self._failure.check()
        asked = self._clock()
        try:
            grant = self._server.ask(timeout_s)
        except EhrError as error:
            self._failure.note(error)
            raise
        self._failure.clear()
        self._good_until = asked + grant.lasts_s - min(_SKEW_S, grant.lasts_s * _SKEW_SHARE)
        missing = missing_scopes(self._scope, grant.scope)
        if missing and missing != self._missing:
            _log.warning("the EHR's authorization server did not grant %s", " ".join(missing))
        self._grant, self._missing = grant, missing


def tokens_of(ehr: EhrSettings, networks: Iterable[Network] = ()) -> AccessTokens:
    """The tokens of an EHR as it is configured; its authorization server may be in ``networks``. Raises ConfigurationError when its key
    cannot be used."""
    if ehr.backend is None:
        return StaticToken(ehr.token)
    sessions = partial(open_session, rule_of(ehr, networks))
    return BackendToken(TokenServer(ehr.base_url, ehr.backend, sessions=sessions), ehr.backend.scope)


class SharedTokens:
    """The tokens of every EHR of this process: clients of several threads, and the health page, share those of one EHR. ``networks`` that are
    not public may be called for them."""

    def __init__(self, networks: Iterable[Network] = ()) -> None:
        self._networks = tuple(networks)
        self._lock = threading.Lock()
        self._known: dict[tuple[object, ...], AccessTokens] = {}

    def __call__(self, ehr: EhrSettings) -> AccessTokens:
        """The tokens of one EHR. Raises ConfigurationError when its key cannot be used."""
        with self._lock:
            name = (ehr.base_url, ehr.token, ehr.backend)
            if name not in self._known:
                self._known[name] = tokens_of(ehr, self._networks)
            return self._known[name]
