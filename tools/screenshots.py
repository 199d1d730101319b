"""Pictures of the pages for the documentation: ``make screenshots``.

Starts a sandbox server over a store of its own, has some of the made-up encounters coded and photographs the pages with Chromium in light and dark,
narrow, and as they are at 200 % zoom (half the width). ``--url`` takes a sandbox server that runs already.
"""

from __future__ import annotations

import argparse
import base64
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.practice import Practice

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
ENCOUNTERS = (
    "heart-failure", "cystitis", "foot-ulcer", "ankle-injury", "copd-apso", "gout-rheumatoid", "lumbar-stenosis", "prenatal-visit",
    "skin-lesions", "wrist-fracture", "diabetes-ckd",
)  # fmt: skip
"""Coded in this order; the page of the last one is photographed, and the list of all."""
REVIEWS = (400, 260)
"""Made-up codings on the dashboard: signed by people, and passed by the engine."""
START_TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class Started:
    """A server. ``database`` and ``key`` are of its store; empty where that is not ours."""

    url: str
    database: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: ``width`` and ``height`` in CSS pixels; ``is_whole``: as high as the page is."""

    name: str
    page: str
    width: int = 1440
    height: int = 900
    scheme: str = "light"
    is_whole: bool = False


SHOTS = (
    Shot("encounter", "encounter"),
    Shot("encounter-dark", "encounter", scheme="dark"),
    Shot("encounter-zoomed", "encounter", 640, 900),
    Shot("encounter-narrow", "encounter", 390, 844),
    Shot("worklist", "worklist"),
    Shot("worklist-dark", "worklist", scheme="dark"),
    Shot("worklist-narrow", "worklist", 390, 844),
    Shot("home", "home"),
    Shot("home-dark", "home", scheme="dark"),
    Shot("upload", "upload"),
    Shot("sign-off", "sign-off"),
    Shot("history", "history"),
    Shot("second", "second"),
)
FIGURES = (
    Shot("dashboard", "dashboard", is_whole=True),
    Shot("dashboard-dark", "dashboard", scheme="dark", is_whole=True),
)
"""Taken last, over a practice that has work behind it."""


def main() -> None:
    """Write all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a sandbox server that runs already")
    parser.add_argument("--images", type=Path, default=IMAGES, help="where the pictures go")
    options = parser.parse_args()
    options.images.mkdir(parents=True, exist_ok=True)
    with nullcontext(Started(options.url)) if options.url else _server() as started, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=["--no-sandbox", "--disable-gpu"])
        home = f"{started.url}/review/"
        encounter = _coded(browser, started.url)
        pages = {name: f"{home}{name}" for name in ("worklist", "upload", "second", "dashboard")}
        pages |= {"home": home, "encounter": encounter, "sign-off": encounter, "history": f"{encounter}/history"}
        for shot in SHOTS:
            _take(browser, shot, pages[shot.page], options.images)
        if started.database:
            _fill(started.database, started.key)
        for shot in FIGURES:
            _take(browser, shot, pages[shot.page], options.images)
        browser.close()


def _chromium() -> str:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        sys.exit("Chromium is not installed")
    return found


def _coded(browser: Browser, url: str) -> str:
    """Have the encounters coded as a person does; gives the address of the last one."""
    page = browser.new_page()
    for encounter in ENCOUNTERS:
        page.goto(f"{url}/review/")
        page.fill("#encounter", encounter)
        page.get_by_role("button", name="Code it").click()
        page.wait_for_url("**/review/encounters/*")
    address = page.url
    page.goto(f"{url}/review/worklist")
    page.locator("button[name=claim]").nth(1).click()
    page.wait_for_url("**did=claim.1")
    page.close()
    return address


def _take(browser: Browser, shot: Shot, address: str, images: Path) -> None:
    context = browser.new_context(
        viewport={"width": shot.width, "height": shot.height},
        color_scheme="dark" if shot.scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(address)
    if shot.page == "encounter":
        _look_at_words(page)
    elif shot.page == "sign-off":
        _decide(page)
    elif shot.page == "worklist" and shot.width >= 1200:
        page.keyboard.press("j")
    page.screenshot(path=images / f"{shot.name}.png", full_page=shot.is_whole)
    context.close()
    print(images / f"{shot.name}.png")


def _look_at_words(page: Page) -> None:
    """Second code, its first words: what the page looks like in use."""
    page.keyboard.press("j")
    page.keyboard.press("n")
    if page.evaluate("innerWidth") < 1200:
        page.evaluate("scrollTo(0, 0)")


def _decide(page: Page) -> None:
    """Some decisions, and the question whether to sign off: what the history tells of then."""
    for key, said in (("a", "accepted"), ("A", "accepted")):
        page.keyboard.press(key)
        page.wait_for_function("said => document.getElementById('said').textContent.includes(said)", arg=said)
        page.wait_for_timeout(500)
    page.keyboard.press("s")
    page.locator("dialog#sign-off").wait_for()


@contextmanager
def _server() -> Iterator[Started]:
    """A sandbox server until the block ends."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        database, key = f"sqlite:///{folder}/pictures.sqlite", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        environment = {
            **os.environ,
            "FHIR_CODER_DATABASE_URL": database,
            "FHIR_CODER_KEY": key,
            "FHIR_CODER_WORKERS": "1",
        }
        command = [sys.executable, "-m", "fhir_coder", "serve", "--sandbox", "--port", str(port)]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own command
        try:
            _wait(f"http://127.0.0.1:{port}/review/", process)
            yield Started(f"http://127.0.0.1:{port}", database, key)
        finally:
            process.terminate()
            process.wait(20)


def _fill(database: str, key: str) -> None:
    """Four weeks of a practice."""
    practice = Practice(database, key, datetime.now(UTC))
    practice.fill(*REVIEWS)
    practice.close()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()  # noqa: S310 - our own server
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    sys.exit("the server did not start")


if __name__ == "__main__":
    main()
