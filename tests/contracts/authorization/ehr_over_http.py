"""The EHR in memory on a socket, behind the authorization server of the tests, which checks tokens before it lets anything through."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.simulated_ehr import BASE, SimulatedEhr


@contextmanager
def ehr_over_http(ehr: SimulatedEhr, base_url: str, port: int = 0) -> Iterator[str]:
    """Serve below ``/fhir`` until the block ends; ``base_url`` is how callers see it, ``port`` 0 any that is free. Gives the origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            url = urlsplit(self.path)
            reply = ehr.answer(self.command, url.path.removeprefix("/fhir").strip("/"), url.query, self.headers, body)
            content = json.dumps(reply.resource).replace(BASE, base_url).encode() if reply.resource else b""
            self.send_response(reply.status)
            headers = {"Content-Type": "application/fhir+json", "Content-Length": str(len(content))} | reply.headers
            for name, value in headers.items():
                self.send_header(name, value.replace(BASE, base_url))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PUT = do_GET  # noqa: N815 - the names that the class looks for

        def log_message(self, format: str, *arguments: Any) -> None:
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
