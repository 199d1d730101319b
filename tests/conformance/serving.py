"""A WSGI application on a socket of this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import make_server

Wsgi = Callable[..., Any]


@contextmanager
def serving(application: Wsgi, port: int = 0) -> Iterator[str]:
    """Serve it until the block ends. Gives the origin."""
    listener = make_server("127.0.0.1", port, application, threaded=True)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.server_port}"
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
