"""Minimal Lower Layer Protocol (HL7 v2 Transport Specification: MLLP, Release 1): one message, one acknowledgement, over one connection."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable

from urllib3.exceptions import HTTPError

from fhir_coder.billing.answer import Answer, Fate, read_acknowledgement

START, END = b"\x0b", b"\x1c\x0d"
END_BLOCK, PADDING = END[:1], b"\r\n\0"
LONGEST_REPLY = 64 * 1024

Connect = Callable[[float], socket.socket]
"""Opens a connection, TLS included, within so many seconds. Raises OSError, or HTTPError where the address may not be called."""


class Mllp:
    """One receiver. ``timeout_s`` is for connecting, and again for the answer."""

    def __init__(self, connect: Connect, timeout_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._connect = connect
        self._timeout_s = timeout_s
        self._clock = clock

    def deliver(self, control_number: str, message: bytes) -> Answer:
        """Send it and wait for its acknowledgement. Never raises for what the other side does."""
        try:
            connection = self._connect(self._timeout_s)
        except (OSError, HTTPError) as error:
            return Answer(Fate.NOT_TAKEN, detail=f"no connection ({type(error).__name__})")
        with connection:
            try:
                connection.sendall(START + message)
            except OSError as error:  # a block without its end is no message
                return Answer(Fate.NOT_TAKEN, detail=f"cut while sending ({type(error).__name__})")
            try:
                connection.sendall(END)
                return self._await(connection, control_number)
            except (OSError, ssl.SSLError) as error:
                return Answer(Fate.UNANSWERED, detail=f"cut after sending ({type(error).__name__})")

    def _await(self, connection: socket.socket, control_number: str) -> Answer:
        """Read blocks until one answers this message; what answers another is passed over. Receivers leave out the carriage return that ends a block, or
        pad between blocks: no message holds the byte before it, so that it alone tells the end."""
        ends, held = self._clock() + self._timeout_s, b""
        while len(held) <= LONGEST_REPLY:
            left = ends - self._clock()
            if left <= 0:
                return Answer(Fate.UNANSWERED, detail="no answer in time")
            connection.settimeout(left)
            try:
                more = connection.recv(8192)
            except TimeoutError:
                return Answer(Fate.UNANSWERED, detail="no answer in time")
            if not more:
                return Answer(Fate.UNANSWERED, detail="closed without an answer")
            held += more
            while END_BLOCK in held:
                block, held = held.split(END_BLOCK, 1)
                answer = read_acknowledgement(block.rpartition(START)[2].lstrip(PADDING), control_number)
                if answer:
                    return answer
        return Answer(Fate.UNANSWERED, detail="an answer without end")
