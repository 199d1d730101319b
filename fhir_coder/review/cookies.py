"""The two cookies: the session, and what binds a sign-in that has begun to its browser. Both hold random text and nothing else.

``__Host-`` makes browsers refuse them from other hosts, without TLS and for a part of the site (RFC 6265bis section 4.1.3.2). They go with
requests from the EHR's page (SameSite=None), as launches happen in its frames; there they are kept apart by the EHR's site (``Partitioned``,
CHIPS) and have names of their own. What changes something is protected otherwise (:mod:`fhir_coder.review.protection`).
"""

from __future__ import annotations

import re
import secrets

from flask import Request, Response

SESSION = "__Host-fhir-coder"
BROWSER = "__Host-fhir-coder-sign-in"
FRAMED = "-framed"
"""The end of their names in a frame."""
_RANDOM = re.compile(r"[A-Za-z0-9_\-]{43}", re.ASCII)
"""256 bits in base64url."""


def read_cookie(request: Request, name: str) -> str:
    """What a cookie holds, or empty for what we never gave."""
    value = request.cookies.get(_name_here(request, name), "")
    return value if _RANDOM.fullmatch(value) else ""


def browser_of(request: Request) -> str:
    """What binds sign-ins to this browser: as it is there, or new."""
    return read_cookie(request, BROWSER) or secrets.token_urlsafe(32)


def give_cookie(request: Request, response: Response, name: str, value: str, max_age_s: int | None = None) -> None:
    """Set one; without ``max_age_s`` it ends with the browser, and the session by itself."""
    response.set_cookie(
        _name_here(request, name),
        value,
        max_age=max_age_s,
        path="/",
        secure=True,
        httponly=True,
        samesite="None",
        partitioned=is_framed(request),
    )


def end_cookie(request: Request, response: Response, name: str) -> None:
    """Have the browser forget one."""
    response.delete_cookie(_name_here(request, name), path="/", secure=True, httponly=True, samesite="None", partitioned=is_framed(request))


def _name_here(request: Request, name: str) -> str:
    """The name in a frame is another: browsers that still let cookies of others into frames would send both, and which comes first is chance."""
    return f"{name}{FRAMED}" if is_framed(request) else name


def is_framed(request: Request) -> bool:
    """Whether the page is shown in a frame, as browsers say themselves (Fetch Metadata, ``Sec-Fetch-Dest``)."""
    return request.headers.get("Sec-Fetch-Dest", "") in {"iframe", "frame", "embed", "object", "fencedframe"}
