"""An EHR on a real socket that answers as it is told: faults below HTTP cannot be shown by canned answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """One answer. ``cut``: bytes of the body that are sent before the connection closes; ``pause_s``: seconds before each piece of it."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    pause_s: float = 0.0
    hangs_up: bool = False
    is_chunked: bool = False

    @classmethod
    def of(cls, resource: dict[str, Any], **changes: Any) -> Reply:
        """A resource in FHIR JSON."""
        return cls(**({"body": json.dumps(resource).encode(), "headers": {"Content-Type": "application/fhir+json"}} | changes))


class FaultyEhr:
    """``replies`` by path without query; the last of several for a path is repeated. ``calls`` are the paths asked for."""

    def __init__(self, replies: dict[str, list[Reply]], port: int) -> None:
        self.replies = replies
        self.calls: list[str] = []
        self.base = f"http://127.0.0.1:{port}/fhir"
        self.stopping = threading.Event()

    def next(self, path: str) -> Reply:
        """The answer to one call."""
        name = path.partition("?")[0].removeprefix("/fhir/")
        self.calls.append(name)
        waiting = self.replies.get(name, [Reply(status=404)])
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


@contextmanager
def faulty_ehr(replies: dict[str, list[Reply]]) -> Iterator[FaultyEhr]:
    """Serve on a free port until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            reply = ehr.next(self.path)
            self.close_connection = True
            if reply.hangs_up:
                return
            self.send_response(reply.status)
            framing = {"Transfer-Encoding": "chunked"} if reply.is_chunked else {"Content-Length": str(len(reply.body))}
            for name, value in ({"Connection": "close"} | framing | reply.headers).items():
                self.send_header(name, value)
            self.end_headers()
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(reply.body), reply.body) if reply.is_chunked else reply.body
            self._send(body[: reply.cut], reply.pause_s)

        def _send(self, body: bytes, pause_s: float) -> None:
            pieces = [body[at : at + 8] for at in range(0, len(body), 8)] if pause_s else [body]
            for piece in pieces:
                if ehr.stopping.wait(pause_s):
                    return
                try:
                    self.wfile.write(piece)
                    self.wfile.flush()
                except OSError:  # the client gave up, as it should
                    return

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ehr = FaultyEhr(replies, server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield ehr
    finally:
        ehr.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()
