"""An address of the kit's own where nobody has any business: whoever comes there was sent by what we made up."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

PORTS = {"http": 80, "https": 443}
PATIENCE_S = 0.3
"""How long after an answer a caller may still come."""
_LOOK_S = 0.05


class Ear:
    """Counts who comes, and answers nobody. ``place`` is host and port for a URL."""

    def __init__(self, listener: socket.socket) -> None:
        host, port = listener.getsockname()[:2]
        self.place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._listener = listener
        self._heard = 0
        self._is_over = threading.Event()

    def heard(self) -> int:
        """How many came, those who are a little late included."""
        time.sleep(PATIENCE_S)
        return self._heard

    def listen(self) -> None:
        """Until it is over."""
        while not self._is_over.is_set():
            try:
                caller, _ = self._listener.accept()
            except TimeoutError:
                continue
            self._heard += 1
            caller.close()

    def stop(self) -> None:
        """No more."""
        self._is_over.set()


@contextmanager
def listening_towards(url: str) -> Iterator[Ear]:
    """An ear at the address by which the server of a URL sees this machine. Raises OSError where there is none."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or PORTS.get(parts.scheme, 443)), timeout=10) as way:
        family, here = way.family, way.getsockname()[0]
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.bind((here, 0))
        listener.listen()
        listener.settimeout(_LOOK_S)
        ear = Ear(listener)
        thread = threading.Thread(target=ear.listen, daemon=True)
        thread.start()
        try:
            yield ear
        finally:
            ear.stop()
            thread.join()
