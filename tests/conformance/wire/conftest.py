"""Our server behind the proxy that spoils, on a socket of this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pytest
from flask import Flask
from werkzeug.serving import make_server

from conformance.target import Target
from fhir_coder.app import create_app
from fhir_coder.settings import Settings
from tests.conformance.wire.broken.proxy import Proxy


@dataclass(frozen=True)
class Stage:
    """``base`` is the FHIR base of the server, ``proxy`` what stands before it."""

    base: str
    proxy: Proxy
    app: Flask

    @property
    def target(self) -> Target:
        """The server as the kit sees it, afresh."""
        return Target(self.base)

    @cached_property
    def target_kept(self) -> Target:
        """The same one each time: its connection is kept open."""
        return Target(self.base)


@pytest.fixture(scope="session")
def stage(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The whole server with its built-in EHR and a store of its own."""
    store = tmp_path_factory.mktemp("kit") / "store.sqlite"
    given = {
        "FHIR_CODER_DATA": str(Settings.from_environment().data),
        "FHIR_CODER_DATABASE_URL": f"sqlite:///{store}",
        "FHIR_CODER_RATE_LIMIT": "",
        "FHIR_CODER_LOG_LEVEL": "ERROR",
    }
    app = create_app(Settings.from_environment(given, sandbox=True))
    proxy = Proxy(app.wsgi_app)
    listener = make_server("127.0.0.1", 0, proxy, threaded=True)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Stage(f"http://127.0.0.1:{listener.server_port}/fhir", proxy, app)
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
