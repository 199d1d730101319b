"""The stage itself: what a browser does with cookies of a framed page here is what it does between two hospitals' names, or the launch proves
nothing. Each row would pass wrongly on plain loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask, Response, request
from playwright.sync_api import Error, Page
from werkzeug.serving import make_server

from tests.contracts.authorization.authorization_server import EHR_HOST, AuthorizationServer

KINDS = {
    "lax": "SameSite=Lax; Secure",
    "strict": "SameSite=Strict; Secure",
    "none": "SameSite=None; Secure",
    "bare": "SameSite=None",
    "partitioned": "SameSite=None; Secure; Partitioned",
    "__Host-partitioned": "SameSite=None; Secure; Partitioned; Path=/; HttpOnly",
}


@pytest.fixture(scope="module")
def trivial() -> Iterator[str]:
    """A server that sets a cookie of every kind, and tells which came back."""
    app = Flask("trivial")

    @app.get("/set")
    def give() -> Response:
        answer = Response("<!doctype html><a id=next href=/told>next</a>", content_type="text/html")
        for name, kind in KINDS.items():
            answer.headers.add("Set-Cookie", f"{name}=1; {kind}")
        return answer

    @app.get("/told")
    def tell() -> Response:
        return Response(f"<!doctype html><p id=told>{' '.join(sorted(request.cookies))}</p>", content_type="text/html")

    listener = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{listener.server_port}"
    listener.shutdown()
    listener.server_close()
    thread.join()


@pytest.fixture
def stage(server: AuthorizationServer, trivial: str) -> AuthorizationServer:
    server.set(coder_upstream=trivial)
    return server


def framed(page: Page, stage: AuthorizationServer) -> str:
    """Cookies that came back to the framed page, as names."""
    page.goto(f"{stage.ehr}/chart?app={stage.coder}/set")
    frame = page.frame_locator("#app")
    frame.locator("#next").click()
    return frame.locator("#told").inner_text()


def test_in_a_frame_of_another_site_only_partitioned_cookies_come_back(page: Page, stage: AuthorizationServer) -> None:
    """This browser blocks the cookies of third parties, as more and more do; a partition of its own is what is left."""
    assert set(framed(page, stage).split()) == {"partitioned", "__Host-partitioned"}


def test_a_page_of_its_own_gets_all_that_are_secure(page: Page, stage: AuthorizationServer) -> None:
    page.goto(f"{stage.coder}/set")
    page.click("#next")
    assert set(page.inner_text("#told").split()) == {*KINDS} - {"bare"}


def test_a_partitioned_cookie_of_the_frame_is_not_there_on_top(page: Page, stage: AuthorizationServer) -> None:
    assert "partitioned" in framed(page, stage).split()
    page.goto(f"{stage.coder}/told")
    assert "partitioned" not in page.inner_text("#told").split()


def test_no_other_name_leads_anywhere(page: Page, stage: AuthorizationServer) -> None:
    answer = page.goto(f"https://{EHR_HOST}:{stage.port}/blank")
    assert answer is not None
    assert answer.status == 200
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("https://fhir.example/")
