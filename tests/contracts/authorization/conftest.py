"""One authorization server for all tests here, with an EHR behind it and our registrations at it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from fhir_coder.sandbox.seed import synthetic_resources
from tests.contracts.authorization.authorization_server import CODER_HOST, EHR_HOST, AuthorizationServer, authorization_server
from tests.contracts.authorization.browser import NoBrowser, browser_for, chromium_path
from tests.contracts.authorization.certificates import Certificates, make_certificates
from tests.contracts.authorization.ehr_over_http import ehr_over_http
from tests.contracts.authorization.key_host import new_key_file
from tests.contracts.authorization.our_server import our_server
from tests.contracts.authorization.practices import practices
from tests.contracts.authorization.registered import CLIENTS, PEOPLE, SECRET
from tests.contracts.authorization.resolving.sitecustomize import resolving
from tests.contracts.peers import NotInstallable, install_packages
from tests.simulated_ehr import SimulatedEhr, full_statement

PROVIDER = "oidc-provider@9.13.3"
PATIENCE_MS = 30_000
"""How long a page may take on a busy machine."""
DEFAULTS: dict[str, Any] = {
    "clock_offset_s": 0,
    "keys": ["first"],
    "access_token_alg": "RS256",
    "access_token_ttl_s": 300,
    "withheld": [],
    "down": [],
    "launches": {},
    "standalone": {},
}
"""What the server does unless a test says otherwise."""


@pytest.fixture(scope="session")
def packages() -> Path:
    """The folder where the authorization server's npm packages are."""
    try:
        return install_packages(PROVIDER)
    except NotInstallable as reason:
        pytest.skip(f"the authorization server cannot be installed: {reason}")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """For both host names."""
    return make_certificates(tmp_path_factory.mktemp("certificates"), (EHR_HOST, CODER_HOST))


@pytest.fixture(scope="session")
def ehr() -> SimulatedEhr:
    """The EHR's records: the synthetic encounters of the sandbox."""
    records = SimulatedEhr(full_statement())
    for resource in synthetic_resources():
        records.put(resource)
    return records


@pytest.fixture(scope="session")
def running_server(
    packages: Path, certificates: Certificates, ehr: SimulatedEhr, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AuthorizationServer]:
    """The server, for the whole run."""
    folder = tmp_path_factory.mktemp("authorization")
    with authorization_server(packages, folder, certificates, CLIENTS, PEOPLE) as server, ehr_over_http(ehr, server.base) as upstream:
        server.set(fhir_upstream=upstream)
        yield server


@pytest.fixture
def server(running_server: AuthorizationServer) -> AuthorizationServer:
    """The server as it is at first: its clock right, its settings the default ones, nothing seen, and no key set of a client kept."""
    running_server.set(**DEFAULTS)
    running_server.forget()
    return running_server


@pytest.fixture(autouse=True)
def reachable(monkeypatch: pytest.MonkeyPatch, certificates: Certificates) -> None:
    """This process resolves the names of the tests and trusts their authority, for the time of a test."""
    monkeypatch.setattr(socket, "getaddrinfo", resolving(socket.getaddrinfo))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.authority))


@pytest.fixture(scope="session")
def our_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where our server has its keys and its store."""
    return tmp_path_factory.mktemp("ours")


@pytest.fixture(scope="session")
def our_origin(running_server: AuthorizationServer, built: None, our_folder: Path) -> Iterator[str]:
    """Our server as a process of its own, for the whole run; the plain origin behind its TLS name."""
    folder = our_folder
    key = new_key_file(folder, "ours", "ES384")
    (folder / "secret").write_text(SECRET, encoding="utf-8")
    (folder / "secret").chmod(0o600)
    tenants = practices(running_server, key, folder / "secret")
    with our_server(running_server, folder, tenants, FHIR_CODER_FAILURE_LIMIT="") as origin:  # refusals are what is tested
        yield origin


@pytest.fixture
def ours(server: AuthorizationServer, our_origin: str) -> str:
    """Our server behind its TLS name; its origin there."""
    server.set(coder_upstream=our_origin)
    return server.coder


@pytest.fixture(scope="module")
def browser(certificates: Certificates) -> Iterator[Browser]:
    """Chromium. Ended with each file: playwright keeps an event loop in the thread while it runs."""
    try:
        chromium_path()
    except NoBrowser:
        pytest.skip("chromium is not installed")
    with browser_for(certificates) as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a person who was never here before."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    yield context.new_page()
    context.close()
