"""``/metrics`` of a process that serves nothing else, at an address of its own."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from fhir_coder.api.metrics import Metrics
from fhir_coder.errors import ConfigurationError
from fhir_coder.listening import Address

PAUSE_S = 10


class MetricsServer:
    """Listens from the start, so that an address that cannot be had stops it, and answers once it is told to begin."""

    def __init__(self, metrics: Metrics, address: Address) -> None:
        """Raises ConfigurationError where the address cannot be had."""
        try:
            self._server = _server_of(address)((address.host, address.port), _answering(metrics))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise ConfigurationError(f"FHIR_CODER_METRICS_ADDRESS: cannot listen on {address} ({reason})") from error
        self._server.daemon_threads = True

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def begin(self) -> None:
        """Answer, in a thread of this process."""
        threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True).start()

    def leave(self) -> None:
        """In a fork: the address is the parent's."""
        self._server.socket.close()


def _server_of(address: Address) -> type[ThreadingHTTPServer]:
    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in address.host else socket.AF_INET

    return Server


def _answering(metrics: Metrics) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        timeout = PAUSE_S

        def do_GET(self) -> None:
            is_metrics = self.path.partition("?")[0] == "/metrics"
            body = metrics.exposition() if is_metrics else b""
            self.send_response(200 if is_metrics else 404)
            self.send_header("Content-Type", metrics.content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def version_string(self) -> str:
            """Not the versions of Python and its library."""
            return "fhir-coder"

        def log_message(self, format: str, *args: object) -> None:
            """What is scraped every few seconds is not logged."""

    return Answering
