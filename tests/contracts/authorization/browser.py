"""A real browser for which the names of the tests are two sites over TLS, as an EHR and this server are in an installation.

On plain loopback cookies prove nothing: every port of ``localhost`` is one site, and Chromium takes http there for secure.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.contracts.authorization.certificates import Certificates

QUIET = ("--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync")


class NoBrowser(Exception):
    """Chromium is not here."""


def chromium_path() -> str:
    """Where Chromium is installed. Raises NoBrowser."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise NoBrowser


@contextmanager
def browser_for(certificates: Certificates) -> Iterator[Browser]:
    """A browser until the block ends. It blocks cookies of third parties, as browsers increasingly do; names under ``.test`` lead to this machine and no other name anywhere, and of certificates that no public
    authority signed the one of the tests is accepted."""
    rules = "MAP *.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    options = [
        "--no-sandbox",
        "--disable-gpu",
        *QUIET,
        "--test-third-party-cookie-phaseout",
        f"--host-resolver-rules={rules}",
        f"--ignore-certificate-errors-spki-list={certificates.pin}",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=options)
        try:
            yield browser
        finally:
            browser.close()
