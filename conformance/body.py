"""The body of an answer, taken as it comes: neither one without end nor a slow drip holds the kit."""

from __future__ import annotations

import time

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

MOST_BYTES = 64 * 1024 * 1024
"""The whole of ICD-10-CM as an expansion is a quarter of it."""
_PIECE = 64 * 1024


class AnswerWithoutEnd(requests.RequestException):
    """The answer is larger than anything that is asked for."""


def whole_body(got: requests.Response, deadline: float) -> bytes:
    """The body, unpacked. Raises requests.Timeout where it is not there by ``deadline`` (of ``time.perf_counter``), AnswerWithoutEnd, and another
    requests.RequestException where it breaks off."""
    try:
        body = _read(got, deadline)
    except ReadTimeoutError as error:
        got.close()
        raise requests.Timeout(str(error)) from error
    except HTTPError as error:
        got.close()
        raise requests.ConnectionError(str(error)) from error
    except requests.RequestException:
        got.close()
        raise
    got.raw.release_conn()
    return body


def _read(got: requests.Response, deadline: float) -> bytes:
    body = bytearray()
    while piece := got.raw.read1(_PIECE, decode_content=True):
        body += piece
        if len(body) > MOST_BYTES:
            raise AnswerWithoutEnd(f"more than {MOST_BYTES} bytes")
        if time.perf_counter() > deadline:
            raise requests.Timeout("in the middle of the answer")
    return bytes(body)
