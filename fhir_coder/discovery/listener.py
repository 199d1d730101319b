"""A receiver of HL7 v2 over MLLP (Transport Specification: MLLP, Release 1): each block is a message, and is answered before the next is read.

A sender gets so long for a message and so many bytes, and no more; a connection may idle between two messages. Words of messages reach no log.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from fhir_coder.billing.mllp import END, END_BLOCK, PADDING, START

_LOG = logging.getLogger("fhir_coder.discovery")
_POLL_S = 0.5
_PIECE = 64 * 1024
_TOO_LARGE = "its message is too large"


@dataclass(frozen=True, slots=True)
class Bounds:
    """``message_bytes`` of one message, for which a sender has ``message_s`` seconds from its first byte; ``idle_s`` between two; ``connections`` at once.
    A handshake and an answer have ``message_s`` too."""

    message_bytes: int = 16 * 1024 * 1024
    message_s: float = 30.0
    idle_s: float = 3600.0
    connections: int = 32


class Listener:
    """Listens from its making. ``answer`` gives the acknowledgement of a message and raises nothing; ``context`` speaks TLS, None: in plain."""

    def __init__(
        self,
        address: tuple[str, int],
        answer: Callable[[bytes], bytes],
        context: ssl.SSLContext | None = None,
        bounds: Bounds = Bounds(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._answer = answer
        self._context = context
        self._bounds = bounds
        self._clock = clock
        self._over = threading.Event()
        self._places = threading.BoundedSemaphore(bounds.connections)
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._socket = socket.create_server(address, family=family)
        self._socket.settimeout(_POLL_S)
        self._thread = threading.Thread(target=self._accept, name="mllp", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on, also where the system chose it."""
        return int(self._socket.getsockname()[1])

    def start(self) -> None:
        """Accept connections in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Accept no more; a message that is being answered is answered."""
        self._over.set()
        self._thread.join()
        self._socket.close()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            except OSError as error:
                _LOG.warning("a connection was not accepted: %s", type(error).__name__)
                self._over.wait(_POLL_S)
                continue
            if not self._places.acquire(blocking=False):
                _LOG.warning("a connection was refused: %d are open", self._bounds.connections)
                connection.close()
                continue
            threading.Thread(target=self._serve, args=(connection,), name="mllp-connection", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(self._bounds.message_s)
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection:
                self._converse(connection)
        except (OSError, ssl.SSLError) as error:
            _LOG.info("a connection ended: %s", type(error).__name__)
        finally:
            connection.close()
            self._places.release()

    def _converse(self, connection: socket.socket) -> None:
        """Messages until the sender goes, is too slow, or sends too much."""
        held = b""
        while not self._over.is_set():
            block, held, why = self._next(connection, held)
            if block is None:
                if why:
                    _LOG.warning("a connection was closed: %s", why)
                return
            connection.settimeout(self._bounds.message_s)
            connection.sendall(START + self._answer(block) + END)

    def _next(self, connection: socket.socket, held: bytes) -> tuple[bytes | None, bytes, str]:
        """The next message and what came after it; None where there is none, and why. Bytes outside a block are passed over, as the specification wants."""
        received, ends_at = bytearray(held), held.find(END_BLOCK)
        began = self._clock()
        while ends_at < 0:
            is_begun = bool(received.strip(PADDING))
            if len(received) > self._bounds.message_bytes:
                return None, b"", _TOO_LARGE
            if self._clock() - began > (self._bounds.message_s if is_begun else self._bounds.idle_s):
                return None, b"", "its message took too long" if is_begun else "it was idle for long"
            try:
                piece = self._receive(connection)
            except TimeoutError:
                continue
            if not piece:
                return None, b"", ""
            began = began if is_begun else self._clock()
            ends_at = (len(received) + piece.index(END_BLOCK)) if END_BLOCK in piece else -1
            received += piece
        if ends_at > self._bounds.message_bytes:
            return None, b"", _TOO_LARGE
        block, rest = bytes(received[:ends_at]), bytes(received[ends_at + 1 :])
        return block.rpartition(START)[2].lstrip(PADDING), rest.lstrip(PADDING), ""

    def _receive(self, connection: socket.socket) -> bytes:
        """What comes next, empty where nothing more comes or nothing more is wanted. Raises TimeoutError where nothing came yet."""
        connection.settimeout(_POLL_S)
        return b"" if self._over.is_set() else connection.recv(_PIECE)
