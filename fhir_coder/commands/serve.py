"""``fhir-coder serve``: the HTTP server, under gunicorn, engine loaded once before the workers fork."""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.http import errors
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker

from fhir_coder.api.metrics_folder import counting_together
from fhir_coder.api.outcome import outcome_of_status
from fhir_coder.errors import ConfigurationError
from fhir_coder.listening import Address
from fhir_coder.long_lived import keep_for_good, uncollected
from fhir_coder.pooling import request_threads
from fhir_coder.protected_urls import is_loopback
from fhir_coder.settings import Settings
from fhir_coder.smart.discovery import unfindable

TAKEN_OVER, TAKEN_OVER_FROM = "GUNICORN_FD", "GUNICORN_PID"
"""What gunicorn tells a server that takes over from a running one (signal USR2): the listening sockets, and the process that has them."""
LONGEST_PAUSE_S = 10
"""Seconds that a caller may pause inside one request."""
IDLE_S = 75
"""Seconds that a connection without a request is kept: longer than clients and proxies keep theirs (nginx 60, requests until it is closed), since a request that
meets a connection just being closed is lost. An idle connection takes no thread."""
UNREADABLE: dict[type[Exception], tuple[int, str]] = {
    errors.ExpectationFailed: (417, "Expectation Failed"),
    errors.LimitRequestHeaders: (431, "Request Header Fields Too Large"),
    errors.LimitRequestLine: (414, "URI Too Long"),
    errors.UnsupportedTransferCoding: (501, "Not Implemented"),
}
"""What is answered to a request that cannot be read; 400 to any other."""
SANDBOX_NOTICE = """\
************************************************************************
*  SANDBOX: whoever reaches this machine's loopback address needs no   *
*  token where no issuer is trusted. For trying things out, with       *
*  synthetic patients only. Never put a proxy before it.               *
************************************************************************"""
"""Said on standard error when the server starts in sandbox mode."""


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("serve", help="run the HTTP server")
    command.add_argument("--host", default="127.0.0.1")
    command.add_argument("--port", type=int, default=8080)
    command.add_argument("--sandbox", action="store_true", help="add a built-in EHR with synthetic encounters (loopback only)")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until stopped."""
    settings = Settings.from_environment(sandbox=arguments.sandbox)
    addresses = [Address(arguments.host, arguments.port), *([settings.metrics_address] if settings.metrics_address else [])]
    require_own_port(addresses)
    if arguments.sandbox:
        for address in addresses:
            require_loopback(address.host)
    for address in addresses if TAKEN_OVER not in os.environ else ():
        require_free_port(address.host, address.port)
    if arguments.sandbox:
        print(SANDBOX_NOTICE, file=sys.stderr, flush=True)
    for line in unfindable((tenant.id, tenant.trust) for tenant in settings.tenants):
        print(f"fhir-coder: {line}", file=sys.stderr, flush=True)
    _serve(settings, [str(address) for address in addresses])
    return 0


def _serve(settings: Settings, addresses: list[str]) -> None:
    """Run gunicorn, whose workers count together."""
    with counting_together():
        _Server(settings, addresses).run()


def require_loopback(host: str) -> None:
    """Refuse any other address: callers in sandbox mode are not authenticated."""
    if not is_loopback(host):
        raise ConfigurationError(
            f"{host}: callers of the sandbox are not authenticated, so it binds to loopback only (127.0.0.1, ::1 or localhost)"
        )


def require_own_port(addresses: Sequence[Address]) -> None:
    """Refuse a port for metrics that is the server's as well: it is by its port that metrics are kept apart."""
    if len({address.port for address in addresses}) != len(addresses):
        raise ConfigurationError("FHIR_CODER_METRICS_ADDRESS: choose another port than that of --port")


def require_free_port(host: str, port: int) -> None:
    """Refuse a port that cannot be had at once and in one line, before anything is loaded; gunicorn would find it last and retry."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise ConfigurationError(f"--port {port}: cannot listen on {host} ({getattr(error, 'strerror', None) or error})") from error


class _Log(Logger):
    """What gunicorn logs, as lines of the one log."""

    def setup(self, cfg) -> None:
        """Leave the writing to the root logger."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class _Worker(ThreadWorker):
    """A worker that begins no job once it is told to end, however long its last requests take."""

    def handle_exit(self, sig, frame):
        """TERM: as gunicorn does, and no further job."""
        self.method_queue.defer(_lifecycle(self).ending)
        super().handle_exit(sig, frame)

    def handle_error(self, req, client, addr, exc):
        """What cannot be read as a request, and never reaches the application. Of it nothing is logged or sent back, as gunicorn would: where a body is longer than it
        was said to be, its rest stands in the place of a request, and may be a note."""
        if _is_unreadable(exc):
            self.log.warning("a request could not be read: %s", type(exc).__name__)
            status, reason = next((answer for kind, answer in UNREADABLE.items() if isinstance(exc, kind)), (400, "Bad Request"))
        else:
            self.log.error("a request failed", exc_info=exc)
            status, reason = 500, "Internal Server Error"
        with suppress(OSError):
            write_nonblock(client, _refusal(status, reason))


def _is_unreadable(error: Exception) -> bool:
    """Whether the caller is at fault: a header that we meant to send is not theirs."""
    return isinstance(error, errors.ParseException) and not isinstance(
        error, errors.InvalidResponseHeader | errors.InvalidResponseHeaderName
    )


def _refusal(status: int, reason: str) -> bytes:
    """An answer whole, with an OperationOutcome."""
    body = json.dumps(outcome_of_status(status, reason)).encode()
    head = (f"HTTP/1.1 {status} {reason}", "Connection: close", "Content-Type: application/fhir+json", f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode() + body


class _Server(BaseApplication):
    """gunicorn with our settings; ``load`` runs in the parent because of ``preload_app``."""

    def __init__(self, settings: Settings, addresses: list[str]) -> None:
        self._settings = settings
        self._addresses = addresses
        super().__init__()

    def run(self) -> None:
        """Serve. A server that is to take over (USR2) is started by the very command line that started this one."""
        arbiter = Arbiter(self)
        arbiter.START_CTX["args"] = list(sys.orig_argv)
        arbiter.run()

    def load_config(self) -> None:
        """Threads share a worker's engine; a fork shares its memory."""
        options = {
            "bind": self._addresses,
            "workers": self._settings.workers,
            "threads": request_threads(self._settings),
            "worker_class": _Worker,
            "logger_class": _Log,
            "preload_app": True,
            "timeout": 120,
            "graceful_timeout": 30,
            "keepalive": IDLE_S,
            "accesslog": None,
            "loglevel": self._settings.log_level.lower(),
            "control_socket_disable": True,
            "when_ready": limit_pauses,
            "post_fork": _after_fork,
            "post_worker_init": self._take_over,
            "worker_exit": _before_exit,
            "child_exit": _child_exit,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def _take_over(self, worker) -> None:
        """All workers of a server that takes over are there: the one before it answers what it has accepted, and ends."""
        before = os.environ.get(TAKEN_OVER_FROM, "")
        if before and worker.age == self._settings.workers:
            os.kill(int(before), signal.SIGTERM)

    def load(self):
        """The WSGI application, made once before the fork."""
        from fhir_coder.app import create_app

        with uncollected():
            application = create_app(self._settings)
            application.extensions["fhir_coder"].before_fork()
        keep_for_good()
        return application


def limit_pauses(server) -> None:
    """Give up on a caller that stops sending: threaded workers have no such limit, and a few stalled uploads would occupy every thread.

    The option is set on the listening sockets, from which Linux hands it on to each connection (socket(7), SO_RCVTIMEO). The request is then
    answered with 400 or closed.
    """
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", LONGEST_PAUSE_S, 0))


def _after_fork(server, worker) -> None:
    """Connections made before the fork belong to the parent: each worker opens its own."""
    _lifecycle(worker).after_fork()


def _before_exit(server, worker) -> None:
    """In the worker, when it ends: jobs that are being done end too."""
    _lifecycle(worker).before_exit()


def _lifecycle(worker):
    """What the application does around a fork and an end."""
    return (worker.app.callable or worker.app.wsgi()).extensions["fhir_coder"]


def _child_exit(server, worker) -> None:
    """Drop a dead worker's metric files (prometheus_client multiprocess mode)."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)
