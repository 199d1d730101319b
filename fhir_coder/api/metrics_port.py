"""An address of its own for ``/metrics``: there it is answered to whoever reaches it, elsewhere it does not exist, and nothing else is there.

Which address a connection came in at is asked of its socket, which the server hands over (gunicorn and werkzeug do). What WSGI calls
``SERVER_PORT`` may come from the caller's ``Host`` header; a server that hands over no socket has no ``/metrics`` then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request

from fhir_coder.errors import OperationUnknown

SOCKETS = ("gunicorn.socket", "werkzeug.socket")


class MetricsPort:
    """A before-request hook for every request of the application; ``endpoint`` is the route of the metrics, ``port`` theirs alone."""

    def __init__(self, endpoint: str, port: int) -> None:
        self._endpoint = endpoint
        self._port = port

    def __call__(self) -> None:
        """Raises OperationUnknown for metrics at another port and for everything else at this one."""
        if (request.endpoint == self._endpoint) != (local_port(request.environ) == self._port):
            raise OperationUnknown("no such operation, resource type or page on this server")


def local_port(environ: Mapping[str, Any]) -> int:
    """The port on our side of the connection, or 0 where the server does not say."""
    for name in SOCKETS:
        connection = environ.get(name)
        if connection is not None:
            address = connection.getsockname()
            return int(address[1]) if isinstance(address, tuple) else 0
    return 0
