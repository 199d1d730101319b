"""The exchanges with one EHR: its token and no other goes there, what fails is retried, and failures are errors of our own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import requests

from fhir_coder.ehr.access import AccessTokens
from fhir_coder.ehr.address import EhrAddress
from fhir_coder.ehr.retry import RetryPolicy
from fhir_coder.errors import EhrError, EhrRefused, EhrTimeout, EhrUnavailable
from fhir_coder.outbound.attempt import NO_TOKEN, Answer, Bearer, Call, attempt

OnFailure = Callable[[str], object]
"""Hears of each attempt that failed, by its kind."""
EXPECTED = frozenset({404, 410, 412})
"""Answers that tell how things stand, and no failure: not there, deleted, another version."""


def unheard(kind: str) -> None:
    """Where nobody counts failures."""


def failure_kind(outcome: Answer | EhrError) -> str:
    """The status of an answer that is an error; ``timeout``, ``unreachable`` or ``refused`` (by us) where there is no answer; empty for none."""
    status = outcome.status if isinstance(outcome, Answer) else outcome.ehr_status
    if status >= 400:
        return "" if status in EXPECTED else str(status)
    if isinstance(outcome, Answer):
        return ""
    return {EhrTimeout: "timeout", EhrUnavailable: "unreachable"}.get(type(outcome), "refused")


class Connection:
    """Sends calls to one EHR, and tells ``on_failure`` of each attempt that fails. Safe to share between threads; made anew in each worker process."""

    def __init__(
        self,
        address: EhrAddress,
        tokens: AccessTokens,
        timeout_s: float,
        session: requests.Session,
        sleep: Callable[[float], None] = time.sleep,
        retry: RetryPolicy | None = None,
        on_failure: OnFailure = unheard,
    ) -> None:
        self._address = address
        self._tokens = tokens
        self._timeout_s = timeout_s
        self._session = session
        self._sleep = sleep
        self._retry = retry or RetryPolicy()
        self._on_failure = on_failure

    def send(self, call: Call) -> Answer:
        """The EHR's answer, whatever its status, after as many attempts as the retry policy allows.

        A 401 says that the EHR did not act: where another token can be had, the call is made once more with it. Raises EhrUnavailable or
        EhrTimeout when no answer came, EhrRefused when the URL may not be fetched, the body is too large, or no token is given to us.
        """
        if not self._address.allows(call.url):
            raise EhrRefused("a URL outside the EHR's base is not called")
        outcome, token = self._repeated(call)
        if isinstance(outcome, Answer) and outcome.status == 401 and token and self._tokens.forget(token):
            outcome, _ = self._repeated(call)
        if isinstance(outcome, EhrError):
            raise outcome
        return outcome

    def _repeated(self, call: Call) -> tuple[Answer | EhrError, str]:
        """What came of the last attempt, and the token that it went with."""
        number = 1
        while True:
            outcome, token = self._try(call)
            if kind := failure_kind(outcome):
                self._on_failure(kind)
            status, headers = _told(outcome)
            wait = self._retry.wait(number, status, headers, call.is_repeatable)
            if wait is None or (isinstance(outcome, Answer) and status < 400):
                return outcome, token
            self._sleep(wait)
            number += 1

    def _try(self, call: Call) -> tuple[Answer | EhrError, str]:
        """One attempt, with a token where the URL is the EHR's own; that no token could be had is an outcome like any other."""
        if not self._address.admits(call.url):
            return attempt(self._session, call, NO_TOKEN, self._timeout_s), ""
        try:
            token = self._tokens.current(self._timeout_s)
        except EhrError as error:
            return error, ""
        return attempt(self._session, call, Bearer(token), self._timeout_s), token


def _told(outcome: Answer | EhrError) -> tuple[int, Mapping[str, str]]:
    """Status and headers of an answer, or what an error keeps of them: an authorization server says too when to ask again."""
    if isinstance(outcome, Answer):
        return outcome.status, outcome.headers
    return outcome.ehr_status, {"Retry-After": outcome.retry_after} if outcome.retry_after else {}
