"""From a host name to a connected socket: resolved once, every address judged, connected to one that was judged.

Nothing is resolved again after the judgement, so a name that answers differently the second time (DNS rebinding) gains nothing. Every spelling
of an address (0x7f.1, 2130706433, 127.1) is judged by where it leads, because the judgement is of the resolver's answer and not of the URL.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any

from urllib3.exceptions import HTTPError

from fhir_coder.outbound.rule import AddressRule

Found = tuple[socket.AddressFamily, Any]
"""A family and what ``socket.connect`` takes: address, port, and for IPv6 flow and zone."""
Resolve = Callable[[str, int], Sequence[Found]]
"""Every address of a host; raises OSError (``socket.gaierror``) where there is none."""
SocketOptions = Sequence[tuple[int, int, int | bytes]] | None

LONGEST_S = 60.0
"""Time for resolving and connecting where the caller sets none."""


class LeadsInside(HTTPError):
    """No address of the host may be called. Not an OSError: urllib3 would take it for a broken connection. Names neither host nor address."""


def system_resolve(host: str, port: int) -> Sequence[Found]:
    """What the machine's resolver says."""
    return [(family, address) for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Connector:
    """Connects to hosts under a rule; ``resolve`` finds their addresses."""

    def __init__(self, rule: AddressRule, resolve: Resolve = system_resolve) -> None:
        self._rule = rule
        self._resolve = resolve

    def connect(self, host: str, port: int, timeout_s: float | None, options: SocketOptions = None) -> socket.socket:
        """A socket to the first address that may be called and answers.

        Of several addresses those that may be called are used and the others passed over: each is judged by itself, so what is connected
        to is allowed either way, and a site whose names lead inside and outside at once keeps working. Raises LeadsInside when none may be
        called, TimeoutError or another OSError when none answers; all of them share ``timeout_s``.
        """
        ends = time.monotonic() + (LONGEST_S if timeout_s is None else timeout_s)
        found = _within(ends, lambda: self._resolve(host, port))
        allowed = [one for one in found if self._rule.allows(host, port, ip_address(one[1][0]))]
        if found and not allowed:
            raise LeadsInside
        failure = OSError("the host has no address")
        for number, (family, address) in enumerate(allowed):
            try:
                opened = _connected(family, address, _share(ends, len(allowed) - number), options)
            except OSError as error:
                failure = error
            else:
                opened.settimeout(timeout_s)
                return opened
        raise failure


def _connected(family: socket.AddressFamily, address: Any, timeout_s: float, options: SocketOptions) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        for option in options or ():
            opened.setsockopt(*option)
        opened.settimeout(timeout_s)
        opened.connect(address)
    except BaseException:
        opened.close()
        raise
    return opened


def _share(ends: float, remaining: int) -> float:
    """Seconds for the next address, so that one that swallows packets leaves time for those after it. Raises TimeoutError."""
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left / remaining


def _within(ends: float, resolve: Callable[[], Sequence[Found]]) -> Sequence[Found]:
    """What the resolver says in time. It takes no time limit itself, so it is waited for in a thread that may be left behind."""
    answers: queue.SimpleQueue[Sequence[Found] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolve())
        except Exception as error:
            answers.put(error)

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.001, ends - time.monotonic()))
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return answer
