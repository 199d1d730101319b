"""What keeps other sites out: the headers of every page, and the proof that a change was asked for on a page of ours.

Sources: https://www.w3.org/TR/CSP3/, https://www.w3.org/TR/fetch-metadata/,
https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import Request, Response

from fhir_coder.errors import Forbidden, InvalidContent
from fhir_coder.review.session import ReviewSession

TOKEN_FIELD = "csrf"  # noqa: S105 - the name of a field
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-]+(?::\d{1,5})?|https?://\[[0-9A-Fa-f:]+\](?::\d{1,5})?", re.ASCII)
_RETURN = re.compile(r"/review/[A-Za-z0-9._\-/]{0,200}", re.ASCII)
HOME = "/review/"
_SCRIPT = "script-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'; "
"""Files of ours run, and even these cannot make markup or code of a text."""
_CONNECTS = "connect-src 'self'; "
_SWAPS = "trusted-types fhir-coder"
"""One policy of ours makes markup of what this server sent, and of nothing else."""


def protect(
    response: Response, frame_ancestors: Iterable[str] = (), has_script: bool = False, connects: bool = False, swaps: bool = False
) -> Response:
    """Add the headers: no script but our own file where a page has it, no style of others, no frame but those of the EHR, nothing kept, no address
    told to other sites. ``connects``: the script of the page asks us for more; ``swaps``: it puts parts that we wrote in the place of others."""
    ancestors = " ".join(one for one in frame_ancestors if _ORIGIN.fullmatch(one))
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        f"{_script(swaps) if has_script else ''}"
        f"{_CONNECTS if connects else ''}"
        f"frame-ancestors {ancestors or chr(39) + 'none' + chr(39)}"
    )
    if not ancestors:  # a page that embeds nothing unasked (COEP) would refuse to frame what says same-origin
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    return response


def _script(swaps: bool) -> str:
    return _SCRIPT.replace("trusted-types 'none'", _SWAPS) if swaps else _SCRIPT


def require_navigation(request: Request) -> None:
    """Raises Forbidden where another site fetches a page as an image, a script or by its own program: cookies go with that too (Fetch Metadata)."""
    site, mode = request.headers.get("Sec-Fetch-Site", ""), request.headers.get("Sec-Fetch-Mode", "")
    if site in {"cross-site", "same-site"} and mode not in {"", "navigate"}:
        raise Forbidden("pages are opened by people, not fetched by other sites")


def require_text(request: Request) -> None:
    """Raises InvalidContent for a field with a NUL: no person types one, and PostgreSQL keeps none in a text."""
    if any("\0" in one for values in (request.args, request.form) for field in values.listvalues() for one in field):
        raise InvalidContent("a field holds a character that no text has")


def require_our_form(request: Request, session: ReviewSession, own_origin: str) -> None:
    """Raises Forbidden unless the request comes from a form of this session.

    Browsers say where a request comes from; one that says "from elsewhere" is refused. ``Origin: null`` is what our own forms send, as
    our pages tell no address. In the end the token decides, which other sites cannot read and other sessions do not share.
    """
    site = request.headers.get("Sec-Fetch-Site", "")
    origin = request.headers.get("Origin", "")
    if site not in {"", "same-origin"} or (origin not in {"", "null"} and origin != own_origin):
        raise Forbidden("this was sent from a page of another site, and nothing was done")
    given = request.form.getlist(TOKEN_FIELD)
    if len(given) != 1 or not hmac.compare_digest(given[0].encode(), session.csrf.encode()):
        raise Forbidden("this page belongs to an earlier session or another patient, and nothing was done: open it again")


def origin_of(url: str) -> str:
    """Scheme and host of a URL as browsers write them in ``Origin``."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def local_path(given: str) -> str:
    """A path of our pages to go to, or the home page for anything else."""
    return given if _RETURN.fullmatch(given) and "//" not in given and ".." not in given else HOME
