"""An EHR that misbehaves to order: a proxy before a real FHIR server that breaks the exchanges a test names.

A fault meets the exchanges whose method and path it matches, as many times as it is told; all others pass through unchanged. What reached the
server is what a real one would have got: a fault before forwarding never arrives there, one after it did its work there.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-encoding", "content-length", "date", "server"})


@dataclass
class Reply:
    """An answer on its way to the client. ``body`` None: the connection is closed without an answer; ``cut``: after half of the body."""

    status: int
    headers: dict[str, str]
    body: bytes | None
    cut: bool = False


Spoil = Callable[[Reply], Reply]


@dataclass
class Fault:
    """``spoil`` changes the reply of the exchanges matched, ``times`` of them after the first ``after``; ``forwards``: the server sees them."""

    method: str
    path: str
    spoil: Spoil
    times: int = 10_000
    after: int = 0
    forwards: bool = True
    seen: int = field(default=0, init=False)

    def meets(self, method: str, path: str) -> bool:
        """Whether this exchange is to be broken; counts those that match."""
        if method != self.method or not re.search(self.path, path):
            return False
        self.seen += 1
        return self.after < self.seen <= self.after + self.times


def answer(status: int, body: bytes = b"", **headers: str) -> Spoil:
    """Another answer instead."""
    return lambda reply: Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def drop(reply: Reply) -> Reply:
    """No answer at all: the connection closes."""
    return Reply(reply.status, {}, None)


def cut(reply: Reply) -> Reply:
    """Half of the body, under the length of the whole."""
    return Reply(reply.status, reply.headers, reply.body, cut=True)


def slow(seconds: float) -> Spoil:
    """The answer, late."""

    def wait(reply: Reply) -> Reply:
        time.sleep(seconds)
        return reply

    return wait


def altered(change: Callable[[dict], dict]) -> Spoil:
    """The answer with its JSON changed."""

    def alter(reply: Reply) -> Reply:
        return Reply(reply.status, reply.headers, json.dumps(change(json.loads(reply.body or b"{}"))).encode())

    return alter


class FaultyEhr:
    """The proxy. ``base_url`` is what our server is told; set ``faults`` between calls. ``served`` counts exchanges by method and type."""

    def __init__(self, upstream: str) -> None:
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self._lock = threading.Lock()
        self._upstream = upstream.rstrip("/")
        self._origin, _, path = self._upstream.partition("/fhir")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}/fhir{path}"

    def exchange(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        """One exchange: broken as the faults say, else the server's own."""
        with self._lock:
            self.requests.append((method, path, headers))
            fault = next((one for one in self.faults if one.meets(method, path)), None)
        if fault is not None and not fault.forwards:
            return fault.spoil(Reply(0, {}, b""))
        reply = self._forward(method, path, headers, body)
        return fault.spoil(reply) if fault else reply

    def _forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        passed = {name: value for name, value in headers.items() if name.lower() not in {"host", "content-length", "accept-encoding"}}
        found = requests.request(method, self._origin + path, headers=passed, data=body, timeout=30, allow_redirects=False)
        kept = {name: value for name, value in found.headers.items() if name.lower() not in HOP_BY_HOP}
        # Links must lead back to the proxy, as those of an EHR behind a gateway do.
        content = found.content.replace(self._upstream.encode(), self.base_url.encode())
        kept = {name: value.replace(self._upstream, self.base_url) for name, value in kept.items()}
        return Reply(found.status_code, kept, content)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        ehr = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                reply = ehr.exchange(self.command, self.path, dict(self.headers), self.rfile.read(length))
                if reply.body is None:
                    self.close_connection = True
                    self.connection.close()
                    return
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body[: len(reply.body) // 2] if reply.cut else reply.body)
                self.close_connection = self.close_connection or reply.cut

            do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

            def finish(self) -> None:
                with suppress(OSError, ValueError):
                    super().finish()

        return Handler

    @contextmanager
    def running(self) -> Iterator[FaultyEhr]:
        """Serve for as long as the block lasts."""
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()
