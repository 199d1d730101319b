"""A receiver of HL7 v2 over MLLP (Transport Specification: MLLP, Release 1): each block is a message, and is answered before the next is read.

A sender gets so long for a message and so many bytes, and no more; a connection may idle between two messages. Words of messages reach no log.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address

from fhir_coder.billing.mllp import END, END_BLOCK, PADDING, START
from fhir_coder.outbound.addresses import Network, is_within

_LOG = logging.getLogger("fhir_coder.discovery")
_POLL_S = 0.5
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """``message_bytes`` of one message, for which a sender has ``message_s`` seconds from its first byte; ``idle_s`` between two; ``connections`` at once,
    ``of_one`` of them from one address. A handshake and an answer have ``message_s`` too."""

    message_bytes: int = 16 * 1024 * 1024
    message_s: float = 30.0
    idle_s: float = 3600.0
    connections: int = 32
    of_one: int = 16


class End(StrEnum):
    """How a connection ended: ``stranger``: from an address that is not a sender's; ``too-many``: no place was left; ``broken``: the network, or TLS."""

    CLOSED = "closed"
    STRANGER = "stranger"
    TOO_MANY = "too-many"
    TOO_LARGE = "too-large"
    TOO_SLOW = "too-slow"
    IDLE = "idle"
    BROKEN = "broken"


def _uncounted(end: str) -> None:
    """Where nobody counts."""


class Listener:
    """Listens from its making. ``answer`` gives the acknowledgement of a message, or nothing to send, and raises nothing; ``context`` speaks TLS, None: in plain; ``senders`` are the
    networks that are heard, empty: all; ``count`` hears how each connection ended."""

    def __init__(
        self,
        address: tuple[str, int],
        answer: Callable[[bytes], bytes],
        context: ssl.SSLContext | None = None,
        bounds: Bounds = Bounds(),
        senders: Sequence[Network] = (),
        count: Callable[[str], object] = _uncounted,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._answer = answer
        self._context = context
        self._bounds = bounds
        self._clock = clock
        self._over = threading.Event()
        self._senders = tuple(senders)
        self._count = count
        self._open: Counter[str] = Counter()
        self._lock = threading.Lock()
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
                connection, peer = self._socket.accept()
            except TimeoutError:
                continue
            except OSError as error:
                _LOG.warning("a connection was not accepted: %s", type(error).__name__)
                self._over.wait(_POLL_S)
                continue
            if refused := self._let_in(peer[0]):
                _LOG.warning("a connection was refused: %s", refused)
                self._count(refused)
                connection.close()
                continue
            try:
                threading.Thread(target=self._serve, args=(connection, peer[0]), name="mllp-connection", daemon=True).start()
            except RuntimeError:  # the system has no thread left: the receiver outlives that
                self._leave(connection, peer[0], End.TOO_MANY)

    def _let_in(self, sender: str) -> End | None:
        """Why a connection is refused, None where it has a place now."""
        if self._senders and not is_within(ip_address(sender.partition("%")[0]), self._senders):
            return End.STRANGER
        with self._lock:
            if self._open.total() >= self._bounds.connections or self._open[sender] >= self._bounds.of_one:
                return End.TOO_MANY
            self._open[sender] += 1
        return None

    def _leave(self, connection: socket.socket, sender: str, end: End) -> None:
        connection.close()
        self._count(end)
        with self._lock:
            self._open[sender] -= 1
            self._open += Counter()  # those that have none are forgotten

    def _serve(self, connection: socket.socket, sender: str) -> None:
        end = End.BROKEN
        try:
            connection.settimeout(self._bounds.message_s)
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection:
                end = self._converse(connection)
        except (OSError, ssl.SSLError) as error:
            _LOG.info("a connection ended: %s", type(error).__name__)
        finally:
            self._leave(connection, sender, end)

    def _converse(self, connection: socket.socket) -> End:
        """Messages until the sender goes, is too slow, or sends too much."""
        held = b""
        while not self._over.is_set():
            block, held, end = self._next(connection, held)
            if block is None:
                if end is not End.CLOSED:
                    _LOG.warning("a connection was closed: %s", end)
                return end
            if answer := self._answer(block):
                connection.settimeout(self._bounds.message_s)
                connection.sendall(START + answer + END)
        return End.CLOSED

    def _next(self, connection: socket.socket, held: bytes) -> tuple[bytes | None, bytes, End]:
        """The next message and what came after it; None where there is none, and why. Bytes outside a block are passed over, as the specification wants."""
        received, ends_at = bytearray(held), held.find(END_BLOCK)
        began = self._clock()
        while ends_at < 0:
            is_begun = bool(received)
            if len(received) > self._bounds.message_bytes:
                return None, b"", End.TOO_LARGE
            if self._clock() - began > (self._bounds.message_s if is_begun else self._bounds.idle_s):
                return None, b"", End.TOO_SLOW if is_begun else End.IDLE
            try:
                piece = self._receive(connection)
            except TimeoutError:
                continue
            if not piece:
                return None, b"", End.CLOSED
            piece = piece if is_begun else piece.lstrip(PADDING)
            began = self._clock() if piece and not is_begun else began
            ends_at = (len(received) + piece.index(END_BLOCK)) if END_BLOCK in piece else -1
            received += piece
        if ends_at > self._bounds.message_bytes:
            return None, b"", End.TOO_LARGE
        block, rest = bytes(received[:ends_at]), bytes(received[ends_at + 1 :])
        return block.rpartition(START)[2].lstrip(PADDING), rest.lstrip(PADDING), End.CLOSED

    def _receive(self, connection: socket.socket) -> bytes:
        """What comes next, empty where nothing more comes or nothing more is wanted. Raises TimeoutError where nothing came yet."""
        connection.settimeout(_POLL_S)
        return b"" if self._over.is_set() else connection.recv(_PIECE)
