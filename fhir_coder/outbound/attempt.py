"""One HTTP request and what came of it: time limits, a cap on the body, no redirects, failures as values."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError, ReadTimeoutError

from fhir_coder.errors import EhrError, EhrRefused, EhrTimeout, EhrUnavailable
from fhir_coder.outbound.session import AddressRefused

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


class Bearer(AuthBase):
    """A token, or none. Given explicitly so that no credential of a .netrc file takes its place."""

    def __init__(self, token: str, is_foreign: bool = False) -> None:
        self._token = token
        self._is_foreign = is_foreign

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the token on one request."""
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        if self._is_foreign:
            request.headers.pop("Cookie", None)
        return request


NO_TOKEN = Bearer("", is_foreign=True)
"""For a URL that is not the EHR's: its cookies, which may be of the whole domain, do not go there either."""


def attempt(session: requests.Session, call: Call, bearer: Bearer, timeout_s: float, who: str = "the EHR") -> Answer | EhrError:
    """Send a call once; an exchange that failed without an answer is a value, so that it can be tried again. ``who`` is asked, for messages.

    Raises EhrRefused when the body is too large, or when the host leads to an address that may not be called.
    """
    return exchanged(session, call, bearer, timeout_s, partial(_answer_of, timeout_s=timeout_s, who=who), who)


def exchanged(
    session: requests.Session,
    call: Call,
    bearer: Bearer,
    timeout_s: float,
    take: Callable[[requests.Response], Answer | EhrError],
    who: str = "the EHR",
) -> Answer | EhrError:
    """As :func:`attempt`; ``take`` reads the body as it comes."""
    try:
        with session.request(
            call.method,
            call.url,
            data=call.body,
            headers=dict(call.headers),
            auth=bearer,
            timeout=timeout_s,
            allow_redirects=False,
            stream=True,
        ) as response:
            return take(response)
    except AddressRefused:
        raise EhrRefused(
            f"{who} is at an address that is not called: it is not public, and FHIR_CODER_PRIVATE_NETWORKS does not list it"
        ) from None
    except requests.Timeout:
        return EhrTimeout(f"{who} did not answer within {timeout_s:g} s")
    except ReadTimeoutError:
        return EhrTimeout(f"{who} stopped in the middle of its answer for {timeout_s:g} s")
    except HTTPError as error:
        return EhrUnavailable(f"{who}'s answer broke off ({type(error).__name__})")
    except requests.RequestException as error:
        return EhrUnavailable(f"{who} cannot be reached ({type(error).__name__})")


def _answer_of(response: requests.Response, timeout_s: float, who: str) -> Answer:
    return Answer(response.status_code, response.headers, body_of(response, timeout_s, who))


def body_of(response: requests.Response, timeout_s: float, who: str) -> bytes:
    """The body, unpacked and capped: neither a large answer nor a slow drip may hold a worker.

    It is taken as it arrives (``read1``); ``iter_content`` would wait for whole chunks, each byte of which may come just in time.
    """
    deadline = time.monotonic() + 3 * timeout_s
    received = bytearray()
    while piece := response.raw.read1(_CHUNK, decode_content=True):
        received += piece
        if len(received) > MAX_BYTES:
            raise EhrRefused(f"{who}'s answer is larger than {MAX_BYTES} bytes", ehr_status=response.status_code)
        if time.monotonic() > deadline:
            raise requests.Timeout
    return bytes(received)
