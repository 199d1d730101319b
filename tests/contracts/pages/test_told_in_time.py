"""What people are told while they work, where they can hear it, and before it is too late."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from tests.contracts.pages.test_deciding import Desk, context, desk, served

__all__ = ["context", "desk", "served"]
IDLE_S = 900


def of_a_session(desk: Desk, then: Callable[[str], str] = str) -> None:
    """The page as a session has it, which ends."""

    def answer(route: Route) -> None:
        got = route.fetch()
        body = got.text().replace('class="desk"', f'class="desk" data-idle-s="{IDLE_S}" data-left="/review/left"', 1)
        route.fulfill(response=got, body=then(body))

    desk.page.clock.install()
    desk.page.route(desk.url, answer)
    desk.open()


def changes(page: Page) -> list[str]:
    """What the place of sentences said, in order."""
    return list(page.evaluate("heard"))


def listen(page: Page) -> None:
    """Keeps each text of the page's own place of sentences."""
    page.evaluate("""() => { window.heard = []; const said = document.getElementById('said');
        new MutationObserver(() => heard.push(said.textContent.trim())).observe(said, { childList: true, characterData: true, subtree: true }); }""")


def test_a_sentence_is_told_again_and_outside_of_what_is_closed(desk: Desk) -> None:
    listen(desk.page)
    desk.press("e", "e")
    first, second = changes(desk.page)
    assert first == second != ""
    desk.press("x", "Control+Enter")
    desk.kept(1)
    expect(desk.page.locator("#said")).to_contain_text("I10")
    expect(desk.page.locator("dialog[open]")).to_have_count(0)


def test_what_happens_under_an_open_dialog_is_told_in_it(desk: Desk) -> None:
    held: list[Route] = []
    desk.page.route("**/decisions", lambda route: held.append(route))
    desk.press("a", "j", "m")
    expect(desk.page.locator("#comment")).to_be_visible()
    desk.page.wait_for_timeout(200)
    held[0].continue_()
    desk.kept(1)
    expect(desk.page.locator("#comment > [role=status]")).to_contain_text("I10")


def test_the_page_warns_before_it_leaves_and_stays_by_one_key(desk: Desk) -> None:
    of_a_session(desk)
    warning = desk.page.locator("#leaving")
    desk.page.clock.fast_forward((IDLE_S - 70) * 1000)
    expect(warning).to_be_hidden()
    desk.page.clock.fast_forward(20_000)
    expect(warning).to_be_visible()
    with desk.page.expect_response("**/review/session"):
        desk.press("Enter")
    expect(warning).to_be_hidden()
    desk.page.clock.fast_forward((IDLE_S - 70) * 1000)
    expect(desk.page.locator(".note-text").first).to_be_visible()
    desk.page.clock.fast_forward(71_000)
    desk.page.wait_for_url("**/review/left")


def test_decisions_that_wait_outlast_the_session_out_of_sight(desk: Desk) -> None:
    of_a_session(desk)
    desk.page.route("**/decisions", lambda route: route.abort())
    desk.press("a")
    expect(desk.page.locator("#unsent")).to_contain_text("One decision waits")
    desk.page.clock.fast_forward((IDLE_S + 1) * 1000)
    over = desk.page.locator("#session-over")
    expect(over).to_be_visible()
    for gone in (".note-text", "#head h1", ".claim li", ".panel"):
        expect(desk.page.locator(gone)).to_have_count(0)
    assert "hypertension" not in desk.page.content() and desk.page.title() == "Session over"
    desk.page.unroute("**/decisions")
    over.get_by_role("button", name="Go on").click()
    desk.kept(1)
    expect(desk.page.locator(".note-text").first).to_be_visible()
    assert desk.page.title() != "Session over"


def test_words_in_an_open_dialog_outlast_the_session_out_of_sight(desk: Desk) -> None:
    of_a_session(desk)
    desk.page.route("**/decisions", lambda route: route.fulfill(status=401, content_type="application/json", body="{}"), times=1)
    desk.press("m")
    desk.page.keyboard.type("About Jane Roe")
    desk.press("Control+Enter")
    expect(desk.page.locator("#session-over")).to_be_visible()
    assert desk.page.evaluate("document.querySelectorAll('textarea').length") == 0
    desk.press("Escape")
    expect(desk.page.locator("#unsent")).to_contain_text("One decision waits")
    expect(desk.page.locator(".note-text")).to_have_count(0)
    desk.page.locator("#unsent").get_by_role("button", name="Send again").click()
    assert desk.kept(1).text == "About Jane Roe"
    expect(desk.page.locator("#comment")).to_be_hidden()
    desk.press("j", "m")
    expect(desk.page.locator("#comment textarea")).to_be_focused()


def test_a_session_of_somebody_else_brings_nothing_back(desk: Desk) -> None:
    of_a_session(desk)
    desk.page.route("**/decisions", lambda route: route.fulfill(status=401, content_type="application/json", body="{}"), times=1)
    desk.press("a")
    over = desk.page.locator("#session-over")
    expect(over).to_be_visible()
    desk.page.route("**/review/session", lambda route: route.fulfill(json={"person": {"id": "other", "issuer": "x"}, "csrf": "THEIRS"}))
    desk.page.route("**/decisions", lambda route: route.fulfill(status=403, content_type="application/json", body="{}"))
    desk.press("Escape")
    desk.page.locator("#unsent").get_by_role("button", name="Send again").click()
    expect(desk.page.locator("#unsent")).to_have_count(0)
    expect(desk.page.locator(".note-text")).to_have_count(0)


def test_a_slow_search_says_that_it_searches(desk: Desk) -> None:
    held: list[Route] = []
    desk.page.route("**/review/codes?**", lambda route: held.append(route))
    desk.press("r")
    desk.page.keyboard.type("knee")
    status = desk.page.locator("#search form [role=status]")
    expect(status).to_contain_text("Searching")
    held[-1].continue_()
    expect(status).to_contain_text("2 found")
