"""Pages of plain forms in a browser: a form is sent once, however it is pressed, and no typed word is lost because a session ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from fhir_coder.review.recording import Recording
from fhir_coder.review.rendering import Pages
from fhir_coder.review.sending_once import SendingOnce
from fhir_coder.review.session import ReviewSession
from fhir_coder.review.uploading import Uploading
from fhir_coder.store.repository import Repository
from tests.contracts.pages.conftest import DEMO, WIDE, answering
from tests.review.conftest import Site, make_site
from tests.review.test_uploading import Engine

IDLE_S = 905


@dataclass
class Desk:
    """A site for somebody whose session ends, and what it is asked to code."""

    site: Site
    url: str
    engine: Engine


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    engines: list[Engine] = []

    def make(repository: Repository, recording: Recording, pages: Pages, once: SendingOnce) -> Uploading:
        engines.append(Engine(repository))
        return Uploading(engines[0], repository, recording, pages, once, lambda: date(2026, 6, 1), keeps_text=True)

    site = make_site(tmp_path, ReviewSession("default", DEMO, "CSRF", "some"), can_sign_in=False, make_uploading=make)
    site.save()
    with answering(site) as url:
        yield Desk(site, url, engines[0])


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport=WIDE)  # type: ignore[arg-type]
    yield context
    context.close()


@pytest.mark.parametrize("has_script", [True, False], ids=["script", "no script"])
def test_a_double_click_makes_one_coding(chromium: Browser, desk: Desk, has_script: bool) -> None:
    context = chromium.new_context(viewport=WIDE, java_script_enabled=has_script)  # type: ignore[arg-type]
    page, sent = context.new_page(), list[str]()
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.goto(f"{desk.url}/review/")
    page.get_by_label("Id of the encounter").fill("e9")
    page.get_by_role("button", name="Code it").dblclick()
    page.wait_for_url("**/review/encounters/*")
    assert {one.encounter_id for one in desk.site.coder.requests} == {"e9"}
    assert len(desk.site.repository.recent("default", 9)) == 2, "the one of before, and this one"
    assert not has_script or len(sent) == 1
    context.close()


def test_who_goes_back_and_sends_again_comes_to_the_same_coding(context: BrowserContext, desk: Desk) -> None:
    page = context.new_page()
    page.goto(f"{desk.url}/review/")
    form = page.locator("form[action$='/review/code']")
    key = form.locator("input[name=form_key]").input_value()
    for _ in range(2):
        page.goto(f"{desk.url}/review/")
        form.locator("input[name=form_key]").evaluate("(one, key) => { one.value = key; }", key)
        page.get_by_label("Id of the encounter").fill("e9")
        page.get_by_label("Id of the encounter").press("Enter")
        page.wait_for_url("**/review/encounters/*")
    assert len(desk.site.coder.requests) == 1


def test_files_are_uploaded_once_by_keyboard(context: BrowserContext, desk: Desk) -> None:
    page = fill_upload(context, desk)
    button = page.get_by_role("button", name="Code these notes")
    button.focus()
    page.keyboard.press("Enter", delay=0)
    page.keyboard.press("Enter", delay=0)
    page.wait_for_url("**/review/encounters/*")
    assert len(desk.engine.asked) == 1


def fill_upload(context: BrowserContext, desk: Desk) -> Page:
    page = context.new_page()
    page.clock.install()
    page.goto(f"{desk.url}/review/upload")
    page.get_by_label("Files of one visit").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"Assessment: cough."})
    page.get_by_label("Date of service").fill("2026-05-01")
    page.get_by_label("Provider", exact=True).fill("Dr. Ada Abel")
    page.get_by_label("Id or record number").fill("MRN-7")
    page.get_by_label("The provider has signed these notes").check()
    return page


def test_a_page_warns_before_it_leaves_and_stays_by_one_key(context: BrowserContext, desk: Desk) -> None:
    page = context.new_page()
    page.clock.install()
    page.goto(f"{desk.url}/review/")
    page.clock.fast_forward((IDLE_S - 30) * 1000)
    expect(page.locator("#leaving")).to_be_visible()
    with page.expect_response("**/review/session"):
        page.keyboard.press("Enter")
    page.clock.fast_forward((IDLE_S - 70) * 1000)
    expect(page.locator("#leaving")).to_be_hidden()
    page.clock.fast_forward(71_000)
    page.wait_for_url("**/review/left")


def test_typing_uses_the_session(context: BrowserContext, desk: Desk) -> None:
    page = context.new_page()
    page.clock.install()
    page.goto(f"{desk.url}/review/")
    page.clock.fast_forward((IDLE_S - 70) * 1000)
    with page.expect_response("**/review/session"):
        page.get_by_label("Id of the encounter").type("e")
    page.clock.fast_forward((IDLE_S - 70) * 1000)
    expect(page.locator("#leaving")).to_be_hidden()


def test_typed_words_outlast_the_session_out_of_sight(context: BrowserContext, desk: Desk) -> None:
    page = fill_upload(context, desk)
    page.clock.fast_forward((IDLE_S + 1) * 1000)
    over = page.locator("#session-over")
    expect(over).to_be_visible()
    assert "MRN-7" not in page.evaluate("[...document.querySelectorAll('input')].map((one) => one.value).join()")
    page.keyboard.press("Escape")
    expect(over).to_be_visible()
    page.route("**/review/session", lambda route: route.fulfill(status=401, json={}), times=1)
    over.get_by_role("button", name="Go on").click()
    expect(over).to_contain_text("You are not signed in yet")
    over.get_by_role("button", name="Go on").click()
    expect(over).to_be_hidden()
    page.get_by_role("button", name="Code these notes").click()
    page.wait_for_url("**/review/encounters/*")
    assert len(desk.engine.asked) == 1


def test_a_worklist_whose_session_is_over_shows_no_patient(context: BrowserContext, desk: Desk) -> None:
    page = context.new_page()
    page.clock.install()

    def over(route: Route) -> None:
        route.fulfill(status=401, json={})

    page.route("**/review/worklist/count?**", over)
    page.goto(f"{desk.url}/review/worklist")
    expect(page.locator("tr.entry")).to_have_count(1)
    page.clock.fast_forward(31_000)
    expect(page.locator("#session-over")).to_be_visible()
    expect(page.locator("tr.entry")).to_have_count(0)
    page.unroute("**/review/worklist/count?**")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("tr.entry")).to_have_count(1)
