"""People decide on the encounter page: by keyboard alone, by mouse, and when the connection, the session or somebody else gets in the way."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from werkzeug.serving import make_server

from fhir_coder.code_search.searching import Found
from fhir_coder.review.lookups import Lookups
from fhir_coder.review.session import ReviewSession
from fhir_coder.worklist.decision import Act, Decision
from fhir_coder.worklist.review import Review, State, Verdict
from terminology.release import Catalogue, Release
from tests.contracts.pages.conftest import DEMO, WIDE
from tests.contracts.pages.decided_visit import TEXT, decided_visit
from tests.review.conftest import Site, make_site

DOCS = Path(__file__).resolve().parents[3] / "docs" / "review.md"
COUNTING = (
    "window.strokes = 0; addEventListener('keydown', (e) => { if (!['Shift', 'Alt', 'Control'].includes(e.key)) strokes += 1; }, true)"
)
SELECT = """words => {
  const walker = document.createTreeWalker(document.querySelector('[data-note]'), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const at = node.data.indexOf(words);
    if (at >= 0) { getSelection().setBaseAndExtent(node, at, node, at + words.length); return; }
  }
}"""


FOUND = "#search-found"
TYPED_AND_ENTERED = """() => {
  const box = document.querySelector('#search-query');
  box.value = 'kne';
  box.dispatchEvent(new InputEvent('input', { bubbles: true }));
  box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
}"""


class KneesAndKidneys:
    """Finds the same two codes for whatever is typed: one that asks for a side first."""

    def search(self, query: str, release: Release, most: int = 20) -> tuple[Found, ...]:
        return (Found("M25.56", "Pain in knee", False, "title"), Found("N18.31", "Chronic kidney disease, stage 3a", True, "title"))


@dataclass
class Desk:
    """A coding in a browser, and what the store says of its review."""

    site: Site
    page: Page
    coding: str
    url: str

    def open(self) -> None:
        self.page.goto(self.url, timeout=30_000)  # the first page of a process gathers the words of a release
        expect(self.page.locator("body.live")).to_have_count(1)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def review(self) -> Review:
        found = self.site.reviews.find("default", self.coding)
        assert found
        return found.review

    def codes(self) -> list[str]:
        return [one.code for one in self.review().codes]

    def last(self) -> Decision:
        found = self.site.reviews.find("default", self.coding)
        assert found
        return found.history[-1].decision

    def kept(self, version: int) -> Decision:
        """The last decision, once the page shows that version."""
        expect(self.page.locator("#reject input[name=version]")).to_have_count(1)
        expect(self.page.locator("#codes form input[name=version], #head form input[name=version]").first).to_have_value(str(version))
        assert self.review().version == version
        return self.last()

    def chosen(self) -> str:
        return str(self.page.locator(".claim li:has(a[aria-current])").get_attribute("data-code"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, release: Release) -> Iterator[tuple[Site, str]]:
    """One server for all of these tests; each has a coding of its own."""
    made = make_site(
        tmp_path_factory.mktemp("deciding"),
        ReviewSession("default", DEMO, "CSRF"),
        can_sign_in=False,
        make_lookups=lambda repository: Lookups(repository, Catalogue([release]), KneesAndKidneys(), lambda: date(2026, 5, 1)),
    )
    server = make_server("127.0.0.1", 0, made.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield made, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        made.repository.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    made = chromium.new_context(viewport=WIDE, reduced_motion="reduce")
    made.add_init_script(COUNTING)
    yield made
    made.close()


@pytest.fixture
def desk(served: tuple[Site, str], context: BrowserContext) -> Iterator[Desk]:
    """An opened page. Whatever its console complains about fails the test, but for answers that the test asked for."""
    site, url = served
    coding, page, complaints = site.repository.save("default", "main", decided_visit()), context.new_page(), list[str]()
    page.set_default_timeout(5000)
    page.on("console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    made = Desk(site, page, coding, f"{url}/review/encounters/{coding}")
    made.open()
    yield made
    assert [one for one in complaints if "Failed to load resource" not in one] == []


def test_a_review_by_keyboard_alone(desk: Desk) -> None:
    desk.press("j", "a")
    assert desk.kept(1) == Decision(Act.ACCEPT, "E11.22") and desk.chosen() == "E11.22"
    expect(desk.page.locator(".pick[aria-current]")).to_be_focused()
    desk.press("x", "Tab")
    desk.page.keyboard.type("Not hers")
    desk.press("Control+Enter")
    assert desk.kept(2) == Decision(Act.REJECT, "E11.22", reason="not-documented", text="Not hers")
    expect(desk.page.locator("dialog[open]")).to_have_count(0)
    desk.press("w", "Enter")
    assert desk.kept(3).act is Act.RESTORE and desk.chosen() == desk.last().code
    desk.press("Control+z")
    assert desk.kept(4).act is Act.UNDO
    desk.press("k", "k", "Alt+ArrowDown")
    assert desk.kept(5) == Decision(Act.MOVE, "I10", position=2) and desk.codes() == ["N18.32", "I10"] and desk.chosen() == "I10"
    desk.press("m")
    desk.page.keyboard.type("Seen before")
    desk.press("Control+Enter")
    assert desk.kept(6) == Decision(Act.COMMENT, "I10", text="Seen before")
    desk.press("q")
    desk.page.keyboard.type("Which kind?")
    desk.press("Control+Enter")
    assert desk.kept(7).text == "Which kind?" and desk.review().state is State.HELD


def test_a_code_is_replaced_by_search_and_asked_for_its_side(desk: Desk) -> None:
    desk.press("j", "j", "r")
    desk.page.keyboard.type("knee")
    box, options, status = desk.page.locator("#search-query"), desk.page.locator("#search-found [role=option]"), "#search [role=status]"
    expect(options).to_have_count(2)
    expect(desk.page.locator(FOUND)).to_have_attribute("aria-busy", "false")
    expect(box).to_have_attribute("aria-activedescendant", "found-0")
    desk.press("Enter")
    expect(desk.page.locator(status)).to_contain_text("M25.56:")
    desk.press("Escape")
    expect(desk.page.locator(status)).to_contain_text("2 found")
    desk.press("ArrowDown", "ArrowDown", "Enter")
    expect(desk.page.locator(status)).to_contain_text("M25.56:")
    answer = desk.page.locator("#search-found [aria-selected=true]").text_content() or ""
    desk.press("Enter")
    decision = desk.kept(1)
    assert decision.act is Act.REPLACE and decision.code == "N18.32" and decision.instead in answer
    assert desk.codes()[2] == decision.instead == desk.chosen()


def test_enter_takes_no_code_from_the_list_of_what_was_typed_before(desk: Desk) -> None:
    desk.press("j", "j", "r")
    desk.page.keyboard.type("kn")
    expect(desk.page.locator(f"{FOUND}[aria-busy=false] [role=option]")).to_have_count(2)
    asked: list[str] = []
    desk.page.route("**/review/codes?**", lambda route: (asked.append(route.request.url), route.continue_())[1])
    desk.page.evaluate(TYPED_AND_ENTERED)
    expect(desk.page.locator(f"{FOUND}[aria-busy=false] [role=option]")).to_have_count(2)
    assert len(asked) == 1 and "q=kne&" in asked[0] and desk.review().version == 0
    expect(desk.page.locator("#search [role=status]")).to_contain_text("2 found")
    desk.press("ArrowDown", "Enter")
    assert desk.kept(1).instead == "N18.31"


def test_selected_words_are_evidence_in_code_points(desk: Desk) -> None:
    desk.press("F6", "ArrowRight", "ArrowRight", "ArrowRight", "Shift+ArrowRight")
    expect(desk.page.get_by_role("toolbar", name="Selected words")).to_contain_text("Add as evidence to I10")
    desk.press("e")
    (span,) = desk.kept(1).spans
    assert TEXT[span.start : span.end] == "cafe\u0301 is"
    desk.page.evaluate(SELECT, "ain in ri")
    desk.page.get_by_role("button", name="Code these words").click()
    expect(desk.page.locator("#search-query")).to_have_value("Pain in right")
    expect(desk.page.locator("#search-found [role=option]")).to_have_count(2)
    desk.page.locator("#search-found [role=option]").nth(1).click()
    added = desk.kept(2)
    assert (added.act, added.code) == (Act.ADD, "N18.31") and [TEXT[one.start : one.end] for one in added.spans] == ["Pain in right"]


def test_a_code_is_dragged_to_its_place_or_left_by_escape(desk: Desk) -> None:
    def drag(to_y: float) -> None:
        box = desk.page.locator(".claim li").nth(2).bounding_box()
        assert box
        desk.page.mouse.move(box["x"] + 20, box["y"] + 10)
        desk.page.mouse.down()
        desk.page.mouse.move(box["x"] + 20, box["y"] - 10)
        desk.page.mouse.move(box["x"] + 20, to_y)
        expect(desk.page.locator(".claim li.drop-before")).to_have_count(1)

    top = desk.page.locator(".claim li").first.bounding_box()
    assert top
    drag(top["y"] + 3)
    desk.press("Escape")
    desk.page.mouse.up()
    expect(desk.page.locator(".drop-before")).to_have_count(0)
    assert desk.review().version == 0
    drag(top["y"] + 3)
    desk.page.mouse.up()
    assert desk.kept(1) == Decision(Act.MOVE, "N18.32", position=1)
    desk.page.locator(".claim a").nth(2).click()
    assert desk.chosen() == "E11.22"


def test_what_cannot_be_sent_waits_and_is_sent_in_order(desk: Desk, context: BrowserContext) -> None:
    context.set_offline(True)
    desk.press("a")
    banner = desk.page.locator("#unsent")
    expect(banner).to_contain_text("cannot be reached")
    desk.press("j", "a")
    expect(banner).to_contain_text("2 decisions wait")
    assert desk.review().version == 0
    context.set_offline(False)
    banner.get_by_role("button", name="Send again").click()
    desk.kept(2)
    assert [one.verdict for one in desk.review().codes] == [Verdict.ACCEPTED, Verdict.ACCEPTED, Verdict.OPEN]
    expect(banner).to_have_count(0)


def test_a_session_that_ends_in_the_middle_loses_nothing(desk: Desk) -> None:
    def elsewhere(route: Route) -> None:
        """As through a proxy: the person of this machine is not there."""
        route.continue_(headers=route.request.headers | {"x-forwarded-for": "203.0.113.9"})

    desk.page.route("**/review/**", elsewhere)
    desk.press("x", "Tab")
    desk.page.keyboard.type("Not hers")
    desk.press("Control+Enter")
    over = desk.page.locator("#session-over")
    expect(over).to_be_visible()
    over.get_by_role("button", name="Go on").click()
    expect(over).to_contain_text("You are not signed in yet.")
    assert desk.review().version == 0
    desk.page.unroute("**/review/**")
    over.get_by_role("button", name="Go on").click()
    assert desk.kept(1).text == "Not hers"


def test_two_people_on_one_review(desk: Desk, context: BrowserContext) -> None:
    other = Desk(desk.site, context.new_page(), desk.coding, desk.url)
    other.open()
    other.press("a")
    other.kept(1)
    desk.page.bring_to_front()
    desk.press("j", "x", "Tab")
    desk.page.keyboard.type("Not hers")
    desk.press("Control+Enter")
    expect(desk.page.locator("#reject .refusal")).to_contain_text("changed meanwhile")
    assert desk.page.locator("#reject textarea").input_value() == "Not hers" and desk.review().version == 1
    expect(desk.page.locator(".claim li").first).to_contain_text("accepted")
    desk.press("Control+Enter")
    assert desk.kept(2).text == "Not hers"


def test_what_was_typed_is_there_again(desk: Desk) -> None:
    desk.press("x", "Tab")
    with desk.page.expect_response("**/draft"):
        desk.page.keyboard.type("Not \U0001f469\U0001f3fd\u200d\u2695\ufe0f")
    desk.open()
    desk.page.locator("#kept-words").get_by_role("button", name="Open").click()
    expect(desk.page.locator("#reject textarea")).to_have_value("Not \U0001f469\U0001f3fd\u200d\u2695\ufe0f")
    desk.press("Control+Enter")
    desk.kept(1)
    desk.open()
    expect(desk.page.locator("#kept-words")).to_have_count(0)


def test_the_keystrokes_that_are_documented(desk: Desk) -> None:
    """Each task of the table is done here with its keys; the table is read from the page of the documentation."""
    rows = re.findall(r"^\| ([^|]+) \| ((?:`[^`]+` ?)+) \| (\d+) \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) == 10
    for task, keys, count in rows:
        before = desk.review().version
        desk.press("k", "k", *(["j"] if "`1`" in keys else []))  # the first code has no alternative
        desk.page.evaluate("strokes = 0")
        for key in re.findall(r"`([^`]+)`", keys):
            if key.startswith("“"):
                desk.page.keyboard.type(key.strip("“”"))
                expect(desk.page.locator(f"{FOUND}[aria-busy=false] [role=option]")).to_have_count(2)
            else:
                desk.press(key)
        if task != "sign off":
            expect(desk.page.locator("#head input[name=version]").first).not_to_have_value(str(before))
        assert desk.page.evaluate("strokes") == int(count), task
    expect(desk.page.locator("#head")).to_contain_text("Signed off")
    assert desk.review().state is State.SIGNED
