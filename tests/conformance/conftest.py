"""Our server behind the proxy that spoils, on a socket of this machine: one that asks nobody who they are, and one that is guarded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pytest
from flask import Flask

from conformance.target import Target
from fhir_coder.settings import Settings
from tests.conformance.broken.proxy import Proxy
from tests.conformance.guarded_site import Site, guarded_site
from tests.conformance.serving import serving
from tests.one_engine import create_app
from tests.store.conftest import KEY


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
        "FHIR_CODER_KEY": KEY,
        "FHIR_CODER_RATE_LIMIT": "",
        "FHIR_CODER_LOG_LEVEL": "ERROR",
    }
    app = create_app(Settings.from_environment(given, sandbox=True))
    proxy = Proxy(app.wsgi_app)
    with serving(proxy) as origin:
        yield Stage(f"{origin}/fhir", proxy, app)
    app.extensions["fhir_coder"].before_exit()


@pytest.fixture(scope="session")
def site(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The whole server with an issuer that it trusts and an EHR that launches it."""
    with guarded_site(tmp_path_factory.mktemp("site")) as found:
        yield found
