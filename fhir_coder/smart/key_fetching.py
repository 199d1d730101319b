"""The bytes of an issuer's key set, from the pinned URL and nowhere else, or from a file."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import requests
from urllib3.exceptions import HTTPError

from fhir_coder.outbound.addresses import Network
from fhir_coder.outbound.session import AddressRule, open_session

TIMEOUT_S = 5.0
MAX_BYTES = 256 * 1024
_CHUNK = 16 * 1024


class KeysUnavailable(Exception):
    """The key set could not be had. The message names no address."""


def fetch_keys(url: str, networks: Iterable[Network] = ()) -> bytes:
    """The body at ``url``, at most ``MAX_BYTES``, within three times ``TIMEOUT_S``. A redirect is not followed: it would lead elsewhere than to
    what is pinned. ``networks`` that are not public may be called. Raises KeysUnavailable."""
    try:
        with (
            open_session(AddressRule.of(networks, (url,))) as session,
            session.get(url, headers={"Accept": "application/json"}, timeout=TIMEOUT_S, allow_redirects=False, stream=True) as response,
        ):
            if response.status_code != 200:
                raise KeysUnavailable(f"status {response.status_code}")
            return _body(response)
    except (requests.RequestException, HTTPError, OSError) as error:
        raise KeysUnavailable(type(error).__name__) from error


def read_keys(path: str) -> bytes:
    """The content of a key set file. Raises KeysUnavailable."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise KeysUnavailable(type(error).__name__) from error


def _body(response: requests.Response) -> bytes:
    """The body as it arrives (``read1``), so that a slow drip ends too."""
    deadline, received = time.monotonic() + 3 * TIMEOUT_S, bytearray()
    while piece := response.raw.read1(_CHUNK, decode_content=True):
        received += piece
        if len(received) > MAX_BYTES:
            raise KeysUnavailable(f"more than {MAX_BYTES} bytes")
        if time.monotonic() > deadline:
            raise KeysUnavailable("too slow")
    return bytes(received)
