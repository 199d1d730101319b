"""What PostgreSQL says to everybody while it takes no connections, and to those whom it does not let in: the first message of its protocol, and nothing more.

A process of its own, as libpq's ping lets no other thread run: ``python -m tests.running.refusing_postgresql PORT SQLSTATE...`` gives one of them to each who asks, the last one
to all that follow, and prints it.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

STARTING, WRONG_PASSWORD = "57P03", "28P01"
_WANTS_PROTECTION = (80877103, 80877104)


@contextmanager
def refusing(port: int, *states: str) -> Iterator[list[str]]:
    """One that listens, and is gone at the end; then what it said is in the list."""
    command = [sys.executable, "-m", __name__, str(port), *states]
    said: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).resolve().parents[2]) as process:
        assert process.stdout is not None and process.stdout.readline() == "listening\n"
        try:
            yield said
        finally:
            process.kill()
            said += process.stdout.read().split()


def _serve(port: int, states: list[str]) -> None:
    with socket.create_server(("127.0.0.1", port)) as listening:
        print("listening", flush=True)
        while True:
            connection, _ = listening.accept()
            threading.Thread(
                target=_answer, args=(connection, states), daemon=True
            ).start()  # whoever says nothing yet keeps no one waiting


def _answer(connection: socket.socket, states: list[str]) -> None:
    with connection, connection.makefile("rb") as said:
        if _has_asked(connection, said):
            state = states.pop(0) if len(states) > 1 else states[0]
            print(state, flush=True)
            connection.sendall(_fatal(state))


def _has_asked(connection: socket.socket, said: BinaryIO) -> bool:
    """Whether somebody wants in, after what is said of encryption."""
    while len(beginning := said.read(8)) == 8:
        length, code = struct.unpack("!II", beginning)
        said.read(length - 8)
        if code not in _WANTS_PROTECTION:
            return True
        connection.sendall(b"N")
    return False


def _fatal(state: str) -> bytes:
    told = b"".join(kind + text.encode() + b"\0" for kind, text in ((b"S", "FATAL"), (b"C", state), (b"M", "no"))) + b"\0"
    return b"E" + struct.pack("!I", len(told) + 4) + told


if __name__ == "__main__":
    _serve(int(sys.argv[1]), sys.argv[2:])
