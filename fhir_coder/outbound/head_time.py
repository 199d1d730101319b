"""A bound on the whole time that status line and headers may take. Read timeouts bound each pause alone: a server that sends a letter now and then
would hold a thread for days, as headers may be long."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def whole_head_within(connected: socket.socket | None, seconds: float) -> Iterator[None]:
    """End the connection when the block takes longer. Raises TimeoutError then, whatever the block made of the end."""
    ended = threading.Event()

    def end() -> None:
        ended.set()
        if connected is not None:
            with suppress(OSError):  # it has just ended by itself
                socket.socket.shutdown(connected, socket.SHUT_RDWR)  # of the plain socket: TLS state is the reading thread's

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if ended.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
    if ended.is_set():
        raise TimeoutError  # headers that break off are taken for whole ones
