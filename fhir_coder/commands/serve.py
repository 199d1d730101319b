"""``fhir-coder serve``: the HTTP server, under gunicorn, engine loaded once before the workers fork."""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import struct
import tempfile
from collections.abc import Iterable

from gunicorn.app.base import BaseApplication

from fhir_coder.api.blueprint import DEFAULT_TENANT
from fhir_coder.api.concurrency import SPARE_THREADS
from fhir_coder.errors import ConfigurationError
from fhir_coder.long_lived import keep_for_good, uncollected
from fhir_coder.protected_urls import is_loopback
from fhir_coder.settings import Settings
from fhir_coder.tenant_settings import Tenant

LONGEST_PAUSE_S = 10
"""Seconds that a caller may pause inside one request."""


def add(subparsers: argparse._SubParsersAction) -> None:
    """Declare the subcommand."""
    command = subparsers.add_parser("serve", help="run the HTTP server")
    command.add_argument("--host", default="127.0.0.1")
    command.add_argument("--port", type=int, default=8080)
    command.add_argument("--sandbox", action="store_true", help="add a built-in EHR with synthetic encounters (loopback only)")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until stopped."""
    if arguments.sandbox:
        require_loopback(arguments.host)
    settings = Settings.from_environment(sandbox=arguments.sandbox)
    require_authentication(arguments.host, settings.tenants)
    require_free_port(arguments.host, arguments.port)
    _serve(settings, f"[{arguments.host}]:{arguments.port}" if ":" in arguments.host else f"{arguments.host}:{arguments.port}")
    return 0


def _serve(settings: Settings, address: str) -> None:
    """Run gunicorn with a folder of its own for metrics: prometheus_client reads its name when it is first imported, and adds up the
    numbers of all workers, whichever answers."""
    folder, parent = tempfile.mkdtemp(prefix="fhir-coder-metrics-"), os.getpid()
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", folder)
    try:
        _Server(settings, address).run()
    finally:
        # A worker unwinds the same stack when it ends; only the parent may clear the folder.
        if os.getpid() == parent:
            shutil.rmtree(folder, ignore_errors=True)


def require_loopback(host: str) -> None:
    """Refuse any other address: callers of the built-in EHR are not authenticated."""
    if not is_loopback(host):
        raise ConfigurationError(
            f"--host {host}: callers of the sandbox are not authenticated, so it binds to loopback only (127.0.0.1, ::1 or localhost)"
        )


def require_authentication(host: str, tenants: Iterable[Tenant]) -> None:
    """Refuse an address that others can reach while a tenant asks for no token. The tenant ``default`` is always there."""
    trusted = {DEFAULT_TENANT: False} | {tenant.id: tenant.trust is not None for tenant in tenants}
    without = [tenant for tenant, is_trusted in trusted.items() if not is_trusted]
    if without and not is_loopback(host):
        raise ConfigurationError(
            f"--host {host}: without a trusted issuer the server binds to loopback only (127.0.0.1, ::1 or localhost); "
            f"give trust in FHIR_CODER_TENANTS to: {', '.join(without)}"
        )


def require_free_port(host: str, port: int) -> None:
    """Refuse a port that cannot be had at once and in one line, before anything is loaded; gunicorn would find it last and retry."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise ConfigurationError(f"--port {port}: cannot listen on {host} ({getattr(error, 'strerror', None) or error})") from error


class _Server(BaseApplication):
    """gunicorn with our settings; ``load`` runs in the parent because of ``preload_app``."""

    def __init__(self, settings: Settings, address: str) -> None:
        self._settings = settings
        self._address = address
        super().__init__()

    def load_config(self) -> None:
        """Threads share a worker's engine; a fork shares its memory."""
        options = {
            "bind": self._address,
            "workers": self._settings.workers,
            "threads": self._settings.threads + self._settings.waiting + SPARE_THREADS,
            "worker_class": "gthread",
            "preload_app": True,
            "timeout": 120,
            "graceful_timeout": 30,
            "accesslog": None,
            "loglevel": self._settings.log_level.lower(),
            "control_socket_disable": True,
            "when_ready": limit_pauses,
            "post_fork": _after_fork,
            "child_exit": _child_exit,
        }
        for name, value in options.items():
            if name in self.cfg.settings:  # the control socket is younger than the oldest gunicorn we accept
                self.cfg.set(name, value)

    def load(self):
        """The WSGI application, made once before the fork."""
        from fhir_coder.app import create_app

        with uncollected():
            application = create_app(self._settings)
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
    application = worker.app.callable or worker.app.wsgi()
    application.extensions["fhir_coder"].after_fork()


def _child_exit(server, worker) -> None:
    """Drop a dead worker's metric files (prometheus_client multiprocess mode)."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)
