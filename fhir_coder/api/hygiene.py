"""Headers of every answer that keep it from being kept, guessed at, framed or leaked. A page that needs others sets them itself.

Sources: https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html (security headers), RFC 6797 (Strict-Transport-Security),
RFC 9111 section 5.2 (Cache-Control), https://www.w3.org/TR/CSP3/, https://www.w3.org/TR/referrer-policy/.
"""

from __future__ import annotations

from flask import Response

ALWAYS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""An answer of the API is data: a browser that shows it all the same loads, runs and frames nothing."""
ONE_YEAR_S = 31_536_000


def hygiene_of(public_url: str) -> dict[str, str]:
    """The headers of a server with that public URL: https is then the only way to it."""
    if public_url.lower().startswith("https://"):
        return ALWAYS | {"Strict-Transport-Security": f"max-age={ONE_YEAR_S}"}
    return dict(ALWAYS)


def cacheable(response: Response, seconds: int) -> Response:
    """An answer that is the same for everyone and holds nothing of anyone; it depends on the format that was asked for."""
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    response.headers["Vary"] = "Accept"
    return response
