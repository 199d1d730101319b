"""A receiver by MLLP on loopback, faulty as a test wants it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

Manner = Callable[["Receiver", socket.socket], None]


@dataclass
class Receiver:
    """``manners``: what it does to each connection, in turn, the last for all that follow. ``taken``: the messages it read to their end."""

    manners: Sequence[Manner]
    port: int = 0
    taken: list[bytes] = field(default_factory=list)
    connections: int = 0

    def connect(self, timeout_s: float) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout_s)

    def read(self, connection: socket.socket) -> bytes:
        """One block, kept."""
        held = b""
        while not held.endswith(b"\x1c\r"):
            more = connection.recv(4096)
            if not more:
                raise ConnectionError("no block")
            held += more
        assert held.startswith(b"\x0b")
        self.taken.append(held[1:-2])
        return held[1:-2]


@contextmanager
def receiving(*manners: Manner, certificate: Path | None = None) -> Iterator[Receiver]:
    """With a certificate (and its key in one file) it speaks TLS."""
    receiver = Receiver(manners)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if certificate:
        context.load_cert_chain(certificate)
    listening = socket.create_server(("127.0.0.1", 0))
    receiver.port = listening.getsockname()[1]

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            manner = receiver.manners[min(receiver.connections, len(receiver.manners) - 1)]
            receiver.connections += 1
            with connection:
                connection.settimeout(5)
                with suppress(OSError):
                    if certificate:
                        with context.wrap_socket(connection, server_side=True) as secured:
                            manner(receiver, secured)
                    else:
                        manner(receiver, connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def control_of(message: bytes) -> str:
    return message.decode().split("\r")[0].split("|")[9]


def acknowledgement(code: str, control: str, error: str = "") -> bytes:
    lines = ["MSH|^~\\&|BILLING||FHIR-CODER||20260502090001||ACK^P03^ACK|77|P|2.5.1", f"MSA|{code}|{control}|patient Zwiebelkuchen unknown"]
    return b"\x0b" + "\r".join([*lines, *([f"ERR||PID^1^3|{error}|E"] if error else []), ""]).encode() + b"\x1c\r"


def answers(code: str, error: str = "") -> Manner:
    """Reads the message and answers it."""

    def manner(receiver: Receiver, connection: socket.socket) -> None:
        connection.sendall(acknowledgement(code, control_of(receiver.read(connection)), error))

    return manner


def replies(*blocks: bytes | str) -> Manner:
    """Reads the message and sends blocks, one after the other; text is a code for the message that was read."""

    def manner(receiver: Receiver, connection: socket.socket) -> None:
        control = control_of(receiver.read(connection))
        for one in blocks:
            connection.sendall(acknowledgement(one, control) if isinstance(one, str) else one)

    return manner


def waits_after(block: bytes) -> Manner:
    """Reads the message, sends a block, and keeps the connection open."""

    def manner(receiver: Receiver, connection: socket.socket) -> None:
        receiver.read(connection)
        connection.sendall(block)
        connection.recv(1)

    return manner


def closes_after_reading(receiver: Receiver, connection: socket.socket) -> None:
    receiver.read(connection)


def stays_silent(receiver: Receiver, connection: socket.socket) -> None:
    receiver.read(connection)
    connection.recv(1)


def cuts_in_the_middle(receiver: Receiver, connection: socket.socket) -> None:
    """Half an answer, and gone."""
    control = control_of(receiver.read(connection))
    connection.sendall(acknowledgement("AA", control)[:40])
