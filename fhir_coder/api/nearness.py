"""Is the caller on this machine itself? Several signs must agree, as each alone can be had from far away.

The address of the connection is the proxy's where one stands before us on the same machine. Most proxies add a header that says so; nginx as it
comes adds none and puts our address into ``Host``, but speaks HTTP/1.0 to us (https://nginx.org/en/docs/http/ngx_http_proxy_module.html,
proxy_http_version, before 1.29.7). A page of the web that makes its own name lead to 127.0.0.1 (DNS rebinding) calls from a near
address, but under its own name. No header can make a far caller near.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Request

from fhir_coder.protected_urls import is_loopback

FORWARDING = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Server", "X-Real-IP", "Via")
"""Headers of proxies (RFC 7239, RFC 9110 section 7.6.3, and what was usual before): who sends one is not the caller."""


def is_near(request: Request) -> bool:
    """Whether connection, ``Host`` and the lack of any sign of a proxy all say that the caller is on this machine."""
    return (
        is_loopback(request.remote_addr or "")
        and is_loopback(_host_name(request.headers.get("Host", "")))
        and not any(name in request.headers for name in FORWARDING)
        and request.environ.get("SERVER_PROTOCOL") != "HTTP/1.0"
    )


def _host_name(host: str) -> str:
    """The name in a Host header without its port, in lower case."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
