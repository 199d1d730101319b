"""A WSGI application on a socket of this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ssl import SSLContext
from typing import Any

from werkzeug.serving import make_server

Wsgi = Callable[..., Any]


@contextmanager
def serving(application: Wsgi, port: int = 0, ssl_context: SSLContext | None = None) -> Iterator[str]:
    """Serve it until the block ends, over TLS where a context is given. Gives the origin."""
    listener = make_server("127.0.0.1", port, application, threaded=True, ssl_context=ssl_context)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http{'s' if ssl_context else ''}://127.0.0.1:{listener.server_port}"
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
