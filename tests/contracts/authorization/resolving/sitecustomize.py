"""Names under ``.test`` (RFC 6761) lead to this machine, as they would by the DNS of an installation.

A server process of ours is started with this folder on ``PYTHONPATH``, and Python loads the file by its name; the process of the tests calls
:func:`resolving` itself. Only the look-up is stood in for: names in certificates, SNI, cookies and Host headers are real. Plain loopback names
will not do: ``localhost`` on two ports is one site to a browser, and an address has no site at all.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

SUFFIX = ".test"


def resolving(resolve: Callable[..., Any]) -> Callable[..., Any]:
    """``socket.getaddrinfo`` that knows the names of the tests."""

    def getaddrinfo(host: Any, *arguments: Any, **named: Any) -> Any:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        return resolve("127.0.0.1" if str(name).rstrip(".").endswith(SUFFIX) else host, *arguments, **named)

    return getaddrinfo


if __name__ == "sitecustomize":
    socket.getaddrinfo = resolving(socket.getaddrinfo)
