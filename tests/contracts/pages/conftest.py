"""The pages in a real browser: our blueprint behind a socket of this machine, a large coding in its store, axe-core to judge them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from fhir_coder.exchange import CodingResult
from fhir_coder.people import Person
from fhir_coder.review.session import ReviewSession
from tests.contracts.authorization.browser import NoBrowser, chromium_path
from tests.contracts.peers import NotInstallable, install_packages
from tests.outcomes.many import ManyOutcomes
from tests.review.conftest import Site, make_site
from tests.review.large_visit import large_visit

AXE = "axe-core@4.14.1"
DEMO = Person("sandbox", "this machine", "sandbox", "Sandbox", ("manager",))
OUTSIDER = replace(DEMO, roles=("administrator",))
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 640, "height": 720}


@dataclass(frozen=True)
class Served:
    """A site that a browser reaches, and the id of the coding in it."""

    url: str
    coding: str

    @property
    def encounter(self) -> str:
        """The address of the page of the coding."""
        return f"{self.url}/review/encounters/{self.coding}"


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    try:
        return (install_packages(AXE) / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    except NotInstallable as reason:
        pytest.skip(f"axe-core cannot be installed: {reason}")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Chromium, ended with each file: playwright keeps an event loop in the thread while it runs."""
    try:
        path = chromium_path()
    except NoBrowser:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@contextmanager
def answering(site: Site) -> Iterator[str]:
    """The pages of a site at an address of this machine, until the block ends."""
    server = make_server("127.0.0.1", 0, site.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        site.repository.close()


def served(folder: Path, person: Person, others: Sequence[CodingResult] = ()) -> Iterator[Served]:
    """The pages for everybody on this machine as that person; ``others`` are coded before the large visit."""
    site = make_site(folder, ReviewSession("default", person, "CSRF"), can_sign_in=False, outcomes=ManyOutcomes())
    for one in others:
        site.repository.save("default", "main", one)
    coding = site.repository.save("default", "main", large_visit())
    with answering(site) as url:
        yield Served(url, coding)


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The pages for somebody who sees codings."""
    yield from served(tmp_path_factory.mktemp("manager"), DEMO)


@pytest.fixture(scope="module")
def outsider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The pages for somebody whose roles show no codings."""
    yield from served(tmp_path_factory.mktemp("outsider"), OUTSIDER)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A wide window; whatever its console complains about fails the test."""
    context = chromium.new_context(viewport=WIDE, reduced_motion="reduce")
    page, complaints = context.new_page(), list[str]()
    page.on("console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    # A server that is busy may drop the connection of a picture or a count; the page goes on, and its scripts say what they miss.
    expected = ("404", "favicon", "net::ERR_CONNECTION_RESET")
    assert [one for one in complaints if not any(words in one for words in expected)] == []
