"""The simulator on a socket. It writes its answers itself, because some of them have to break off."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR
from urllib.parse import urlsplit

from conformance.simulator import authorization
from conformance.simulator.authorization import Authorization
from conformance.simulator.control import PATH, Control
from conformance.simulator.ehr import SimulatedEhr
from conformance.simulator.exchange import Reply, Request

MAX_BYTES = 32 * 1024 * 1024
IDLE_S = 60.0
_SET_HERE = frozenset({"content-length", "connection", "date", "server"})


class SimulatorServer(ThreadingHTTPServer):
    """All simulated EHRs below one address, each at ``/PROFILE/fhir``, ``/_control``, and ``/_authorization`` once :attr:`authorization` is set. Port
    0 takes a free one."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, host: str, port: int, ehrs: Mapping[str, SimulatedEhr]) -> None:
        super().__init__((host, port), _Handler)
        self._ehrs = ehrs
        self._outside: list[str] = []
        self._control = Control(ehrs, self._outside)
        self.authorization: Authorization | None = None

    @property
    def url(self) -> str:
        """The address that it is reached at from this machine."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """One request to whatever lies at the path."""
        url, origin = urlsplit(target), f"http://{headers.get('host', '')}"
        if url.path == PATH or url.path.startswith(f"{PATH}/"):
            return self._control.answer(method, url.path[len(PATH) :].strip("/"), body, origin)
        if self.authorization and url.path.startswith(f"{authorization.PATH}/"):
            return self.authorization.answer(method, url.path[len(authorization.PATH) :].strip("/"), body)
        for ehr in self._ehrs.values():
            if url.path == ehr.path or url.path.startswith(f"{ehr.path}/"):
                path = url.path[len(ehr.path) :].strip("/")
                return ehr.answer(Request(method, path, url.query, headers, body, origin, f"{origin}{ehr.path}"))
        self._outside.append(f"{method} {url.path}")
        return Reply.refusal(404, "not-found", "no EHR is here")

    @contextmanager
    def running(self) -> Iterator[SimulatorServer]:
        """Serve in a thread for as long as the block lasts."""
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "EHR-simulator"
    timeout = IDLE_S
    wbufsize = -1
    disable_nagle_algorithm = True
    server: SimulatorServer

    def _serve(self) -> None:
        try:
            body = self._body()
        except ValueError:
            self.close_connection = True
            self._send(Reply.refusal(400, "invalid", "the length of the body cannot be read"))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(self.server.answer(self.command, self.path, headers, body))

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _serve  # noqa: N815 - as http.server calls them

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(self._chunks())
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= MAX_BYTES:
            raise ValueError("length")
        return self.rfile.read(length)

    def _chunks(self) -> Iterator[bytes]:
        taken = 0
        while size := int(self.rfile.readline(1024).partition(b";")[0], 16):
            taken += size
            if not 0 < size <= MAX_BYTES or taken > MAX_BYTES:
                raise ValueError("length")
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline(1024).strip():
            pass

    def _send(self, reply: Reply) -> None:
        if reply.delay_s:
            time.sleep(reply.delay_s)
        if reply.body is None:
            self._hang_up()
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            if name.lower() not in _SET_HERE:
                self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body[: len(reply.body) // 2] if reply.is_cut else reply.body)
        if reply.is_cut:
            self.wfile.flush()
            self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        """Silence: paths and queries are told by ``/_control`` alone."""

    def handle(self) -> None:
        """All requests of one connection; that the other side hangs up is no fault."""
        with suppress(ConnectionError, TimeoutError):
            super().handle()

    def finish(self) -> None:
        """Close the connection, which may be closed already."""
        with suppress(OSError, ValueError):
            super().finish()
