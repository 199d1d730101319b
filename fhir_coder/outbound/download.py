"""A file fetched to disk, however large: piece by piece, and from where it broke off when it is fetched again (RFC 9110 section 14, range requests)."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import requests

from fhir_coder.errors import EhrError, EhrUnavailable
from fhir_coder.outbound.attempt import Answer, Bearer, Call, body_of, exchanged

_PIECE = 256 * 1024
_RANGE = re.compile(r"bytes (?:(?P<first>\d+)-\d+|\*)/(?P<total>\d+|\*)")


def download(session: requests.Session, call: Call, bearer: Bearer, timeout_s: float, target: Path) -> Answer | EhrError:
    """Fetch into a file, which may hold its beginning already. The answer has no body where it went into the file.

    What broke off stays, so that the next attempt goes on from there; what cannot be gone on with goes. The time limit is for each piece.
    """
    have = target.stat().st_size if target.exists() else 0
    headers = {**call.headers, "Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    asked = Call(call.method, call.url, headers)
    return exchanged(session, asked, bearer, timeout_s, partial(_taken, target=target, have=have, timeout_s=timeout_s))


def _taken(response: requests.Response, target: Path, have: int, timeout_s: float) -> Answer | EhrError:
    if response.status_code == 200:
        return _written(response, target, "wb")
    told = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if response.status_code == 206 and told and told["first"] and int(told["first"]) == have and not _is_packed(response):
        return _written(response, target, "ab")
    if response.status_code == 416 and told and told["total"] == str(have):
        return Answer(200, response.headers, b"")
    if response.status_code in {206, 416}:
        target.unlink(missing_ok=True)
        return EhrUnavailable("the EHR does not go on with a file where it broke off; it is fetched from its beginning")
    return Answer(response.status_code, response.headers, body_of(response, timeout_s, "the EHR"))


def _written(response: requests.Response, target: Path, mode: str) -> Answer | EhrError:
    """What came, compared with the length that was announced of it as it was sent."""
    is_whole = False
    try:
        with target.open(mode) as out:
            while piece := response.raw.read1(_PIECE, decode_content=True):
                out.write(piece)
        announced = response.headers.get("Content-Length", "")
        is_whole = not announced.isdecimal() or int(announced) == response.raw.tell()
    finally:
        if not is_whole and _is_packed(response):
            target.unlink()  # how much of it is here says nothing on where to go on
    return Answer(200, response.headers, b"") if is_whole else EhrUnavailable("a file of the EHR broke off before its end")


def _is_packed(response: requests.Response) -> bool:
    return response.headers.get("Content-Encoding", "identity") != "identity"
