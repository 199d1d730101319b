"""One HTTP exchange with an EHR: timeouts, size cap, retries, no redirects, and failures as errors of our own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError, ReadTimeoutError

from fhir_coder.ehr.address import EhrAddress
from fhir_coder.ehr.retry import RetryPolicy
from fhir_coder.errors import EhrError, EhrRefused, EhrTimeout, EhrUnavailable

MAX_BYTES = 32 * 1024 * 1024
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers (any case) and at most ``MAX_BYTES`` of body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """Media type of the body in lower case, without parameters."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked. ``is_repeatable``: sending it twice has the effect of sending it once."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    is_repeatable: bool = True


class Connection:
    """Sends calls to one EHR. Safe to share between threads; made anew in each worker process."""

    def __init__(
        self,
        address: EhrAddress,
        token: str,
        timeout_s: float,
        session: requests.Session,
        sleep: Callable[[float], None] = time.sleep,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._address = address
        self._auth = _Bearer(token)
        self._timeout_s = timeout_s
        self._session = session
        self._sleep = sleep
        self._retry = retry or RetryPolicy()

    def send(self, call: Call) -> Answer:
        """The EHR's answer, whatever its status, after as many attempts as the retry policy allows.

        Raises EhrUnavailable or EhrTimeout when none came, EhrRefused when the URL may not be fetched or the body is too large.
        """
        if not self._address.allows(call.url):
            raise EhrRefused("a URL outside the EHR's base is not called")
        attempt = 1
        while True:
            outcome = self._try(call)
            status, headers = (outcome.status, outcome.headers) if isinstance(outcome, Answer) else (0, {})
            wait = self._retry.wait(attempt, status, headers, call.is_repeatable)
            if wait is None or (isinstance(outcome, Answer) and status < 400):
                break
            self._sleep(wait)
            attempt += 1
        if isinstance(outcome, EhrError):
            raise outcome
        return outcome

    def _try(self, call: Call) -> Answer | EhrError:
        """One attempt; an exchange that failed without an answer is a value, so that it can be tried again."""
        try:
            with self._session.request(
                call.method,
                call.url,
                data=call.body,
                headers=dict(call.headers),
                auth=self._auth if self._address.admits(call.url) else _NO_TOKEN,
                timeout=self._timeout_s,
                allow_redirects=False,
                stream=True,
            ) as response:
                return Answer(response.status_code, response.headers, self._body(response))
        except requests.Timeout:
            return EhrTimeout(f"the EHR did not answer within {self._timeout_s:g} s")
        except ReadTimeoutError:
            return EhrTimeout(f"the EHR stopped in the middle of its answer for {self._timeout_s:g} s")
        except HTTPError as error:
            return EhrUnavailable(f"the EHR's answer broke off ({type(error).__name__})")
        except requests.RequestException as error:
            return EhrUnavailable(f"the EHR cannot be reached ({type(error).__name__})")

    def _body(self, response: requests.Response) -> bytes:
        """The body, unpacked and capped: neither a large answer nor a slow drip may hold a worker.

        It is taken as it arrives (``read1``); ``iter_content`` would wait for whole chunks, each byte of which may come just in time.
        """
        deadline = time.monotonic() + 3 * self._timeout_s
        received = bytearray()
        while piece := response.raw.read1(_CHUNK, decode_content=True):
            received += piece
            if len(received) > MAX_BYTES:
                raise EhrRefused(f"the EHR's answer is larger than {MAX_BYTES} bytes", ehr_status=response.status_code)
            if time.monotonic() > deadline:
                raise requests.Timeout
        return bytes(received)


class _Bearer(AuthBase):
    """The EHR's token, or none. Given explicitly so that no credential of a .netrc file takes its place."""

    def __init__(self, token: str, is_foreign: bool = False) -> None:
        self._token = token
        self._is_foreign = is_foreign

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        if self._is_foreign:
            request.headers.pop("Cookie", None)
        return request


_NO_TOKEN = _Bearer("", is_foreign=True)
"""For a URL elsewhere that the site allowed: the EHR's cookies, which may be of the whole domain, do not go there either."""
