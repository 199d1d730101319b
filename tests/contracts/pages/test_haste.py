"""People are quicker than the server: what they do while an answer is on its way is neither done twice, nor lost, nor put in the wrong place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from fhir_coder.worklist.decision import Act, Decision
from fhir_coder.worklist.review import Verdict
from tests.contracts.pages.conftest import DEMO, WIDE, Served
from tests.contracts.pages.conftest import served as list_of
from tests.contracts.pages.test_deciding import Desk, context, desk, served
from tests.store.conftest import coding_result

__all__ = ["context", "desk", "served"]
ZOOMED = {"width": 640, "height": 512}
"""1280 by 1024 at 200 %."""


class Slow:
    """Holds back the decisions that the page sends, until they are let go."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._held: list[Route] = []
        self._is_over = False
        page.route("**/decisions", self._hold)

    def wait(self) -> Route:
        """The first that is held, once there is one; it is held no longer."""
        _until(self._page, lambda: bool(self._held))
        return self._held.pop(0)

    def end(self) -> None:
        """Let everything go on."""
        self._is_over = True
        while self._held:
            self._held.pop(0).continue_()

    def _hold(self, route: Route) -> None:
        if self._is_over:
            route.continue_()
        else:
            self._held.append(route)


def _until(page: Page, holds: Callable[[], bool]) -> None:
    for _ in range(200):
        if holds():
            return
        page.wait_for_timeout(20)
    raise AssertionError("it did not come to that")


def still(desk: Desk, version: int) -> None:
    """The review has that version, and keeps it."""
    desk.kept(version)
    desk.page.wait_for_timeout(300)
    assert desk.review().version == version


def test_a_form_that_is_sent_twice_is_one_decision(desk: Desk) -> None:
    slow = Slow(desk.page)
    desk.press("m")
    desk.page.keyboard.type("Seen before")
    desk.press("Control+Enter", "Control+Enter")
    first = slow.wait()
    slow.end()
    first.continue_()
    still(desk, 1)
    expect(desk.page.locator(".refusal")).to_have_count(0)


def test_a_key_that_is_held_down_decides_once(desk: Desk) -> None:
    desk.press("a", "j", "a")
    desk.kept(2)
    desk.page.keyboard.down("u")
    desk.kept(3)
    desk.page.keyboard.down("u")
    still(desk, 3)


def test_a_code_goes_as_many_places_as_its_key_was_pressed(desk: Desk) -> None:
    slow = Slow(desk.page)
    desk.press("Alt+ArrowDown", "Alt+ArrowDown", "Alt+ArrowDown")
    first = slow.wait()
    slow.end()
    first.continue_()
    still(desk, 2)
    assert desk.codes() == ["E11.22", "N18.32", "I10"]


def test_a_key_in_the_frame_in_which_a_dialog_closes_is_heard(desk: Desk) -> None:
    desk.press("m")
    expect(desk.page.locator("#comment textarea")).to_be_focused()
    had_the_keys = desk.page.evaluate(
        """() => {
            document.getElementById("comment").close();
            const active = document.activeElement;
            active.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true }));
            return active.tagName;
        }"""
    )
    assert (had_the_keys, desk.chosen()) == ("TEXTAREA", "E11.22")


def test_words_about_one_code_are_not_said_of_another(desk: Desk) -> None:
    words = desk.page.locator("#comment textarea")
    desk.press("m")
    desk.page.keyboard.type("About the pressure")
    desk.press("Escape")
    expect(words).to_be_hidden()
    desk.press("j", "m")
    expect(words).to_have_value("")
    desk.page.keyboard.type("About sugar")
    desk.press("Escape")
    expect(words).to_be_hidden()
    desk.press("k", "m")
    expect(words).to_have_value("About the pressure")
    desk.press("Control+Enter")
    assert desk.kept(1) == Decision(Act.COMMENT, "I10", text="About the pressure")
    desk.press("j", "m")
    expect(words).to_have_value("About sugar")


def test_words_typed_meanwhile_stay(desk: Desk) -> None:
    slow, words = Slow(desk.page), desk.page.locator("#comment textarea")
    desk.press("m")
    desk.page.keyboard.type("First")
    desk.press("Control+Enter")
    first = slow.wait()
    desk.press("Escape")
    expect(words).to_be_hidden()
    desk.press("j")
    expect(desk.page.locator(".claim li[data-code='E11.22'] a[aria-current]")).to_be_focused()
    desk.press("m")
    expect(words).to_be_focused()
    desk.page.keyboard.type("Second")
    slow.end()
    first.continue_()
    desk.kept(1)
    expect(words).to_be_visible()
    expect(words).to_have_value("Second")
    expect(words).to_be_focused()
    desk.press("Control+Enter")
    assert desk.kept(2) == Decision(Act.COMMENT, "E11.22", text="Second")
    expect(words).to_be_hidden()


def test_a_refusal_stays_when_what_was_sent_after_it_is_kept(desk: Desk) -> None:
    slow = Slow(desk.page)
    desk.press("a", "j", "a")
    first = slow.wait()
    slow.end()
    first.fulfill(status=422, content_type="application/json", body='{"error": "That cannot be."}')
    desk.kept(1)
    expect(desk.page.locator(".refusal")).to_contain_text("That cannot be.")
    desk.press("j", "a")
    desk.kept(2)
    expect(desk.page.locator(".refusal")).to_have_count(0)


def test_a_refused_sign_off_says_so_in_the_dialog_that_is_open(desk: Desk) -> None:
    slow = Slow(desk.page)
    desk.press("a", "s", "Enter")
    slow.wait().continue_()
    slow.wait().fulfill(status=422, content_type="application/json", body='{"error": "That cannot be."}')
    expect(desk.page.locator("#sign-off .refusal")).to_contain_text("That cannot be.")


def test_signing_in_anew_elsewhere_loses_no_decision(desk: Desk) -> None:
    """The page has the token of the session before; the person is the same."""
    desk.page.evaluate("for (const one of document.querySelectorAll('input[name=csrf]')) one.value = 'EARLIER'")
    desk.press("a")
    desk.kept(1)
    assert desk.review().codes[0].verdict is Verdict.ACCEPTED
    expect(desk.page.locator(".refusal")).to_have_count(0)


def test_what_waits_is_told_when_the_question_to_sign_in_is_closed(desk: Desk) -> None:
    desk.page.route("**/decisions", lambda route: route.fulfill(status=401, content_type="application/json", body="{}"), times=1)
    desk.press("a")
    expect(desk.page.locator("#session-over")).to_be_visible()
    desk.press("Escape")
    desk.page.locator("#unsent").get_by_role("button", name="Send again").click()
    desk.kept(1)


def test_a_click_after_a_drag_that_an_answer_ended_is_not_lost(desk: Desk) -> None:
    slow = Slow(desk.page)
    desk.press("a")
    first = slow.wait()
    box = desk.page.locator(".claim li").nth(2).bounding_box()
    assert box
    desk.page.mouse.move(box["x"] + 20, box["y"] + 10)
    desk.page.mouse.down()
    desk.page.mouse.move(box["x"] + 20, box["y"] - 30)
    slow.end()
    first.continue_()
    desk.kept(1)
    desk.page.mouse.move(box["x"] + 20, box["y"] - 200)
    desk.page.mouse.up()
    assert desk.kept(2).act is Act.MOVE  # its answer writes the page anew: a key before it would be lost with what has the focus
    expect(desk.page.locator(".sorting, .dragged, .drop-before, .drop-after")).to_have_count(0)
    desk.page.locator(".panel:visible").get_by_role("button", name="Comment").focus()
    desk.press("Enter")
    expect(desk.page.locator("#comment")).to_be_visible()


def test_a_zoomed_page_stays_where_one_reads(chromium: Browser, desk: Desk) -> None:
    desk.page.set_viewport_size(ZOOMED)  # type: ignore[arg-type]
    desk.open()
    assert desk.page.evaluate("scrollY") == 0
    desk.press("F6", "F6", "F6")
    desk.page.locator("#inspector").scroll_into_view_if_needed()
    desk.page.locator(".panel:visible button[data-key=a]").evaluate("one => one.scrollIntoView({block: 'center'})")
    before = desk.page.locator("#inspector").evaluate("one => one.getBoundingClientRect().top")
    desk.page.locator(".panel:visible button[data-key=a]").click()
    desk.kept(1)
    after = desk.page.locator("#inspector").evaluate("one => one.getBoundingClientRect().top")
    assert abs(after - before) < 60, "the head and the list above may grow by a line"


def test_a_page_that_slept_too_long_leaves_the_screen_when_it_wakes(desk: Desk) -> None:
    def of_a_session(route: Route) -> None:
        answer = route.fetch()
        body = answer.text().replace('class="desk"', 'class="desk" data-idle-s="900" data-left="/review/left"', 1)
        route.fulfill(response=answer, body=body)

    desk.page.route(desk.url, of_a_session)
    desk.open()
    desk.page.evaluate("dispatchEvent(new Event('focus'))")
    expect(desk.page.locator("body.live")).to_have_count(1)
    desk.page.evaluate("() => { const now = Date.now() + 901_000; Date.now = () => now; dispatchEvent(new Event('focus')); }")
    desk.page.wait_for_url("**/review/left")


@pytest.fixture
def listed(tmp_path: Path) -> Iterator[Served]:
    yield from list_of(tmp_path, DEMO, [coding_result(f"Encounter/e{number}") for number in range(3)])


def test_the_next_is_taken_once(chromium: Browser, listed: Served) -> None:
    context = chromium.new_context(viewport=WIDE)  # type: ignore[arg-type]
    page, sent = context.new_page(), list[str]()
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.goto(f"{listed.url}/review/worklist")
    page.keyboard.press("n", delay=0)
    page.keyboard.press("n", delay=0)
    page.wait_for_url("**/review/encounters/*")
    page.goto(f"{listed.url}/review/worklist?state=open&assigned=me")
    expect(page.locator("tr.entry")).to_have_count(1)
    assert len([one for one in sent if one.endswith("/next")]) == 1
    context.close()
