"""The worklist as people use it: one hand on the keyboard, rows chosen together, news without a reload, no script at all."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.contracts.pages.conftest import DEMO, NARROW, WIDE, Served, served
from tests.contracts.pages.test_accessibility import violations
from tests.store.conftest import coding_result


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Served]:
    """A list of four, which each test changes as it likes."""
    yield from served(tmp_path, DEMO, [coding_result(f"Encounter/e{number}") for number in range(3)])


def here(page: Page) -> str:
    """The row that one is at."""
    return page.locator("tr.here a.open").inner_text()


def test_the_keyboard_goes_through_rows_and_opens_one(page: Page, desk: Served) -> None:
    page.goto(f"{desk.url}/review/worklist")
    names = page.locator("a.open").all_inner_texts()
    for key, place in (("j", 0), ("j", 1), ("k", 0), ("k", 0), ("j", 1)):
        page.keyboard.press(key)
        assert here(page) == names[place], key
        expect(page.locator("tr.here a.open")).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_label("Search")).to_be_focused()
    page.keyboard.type("jx")
    page.keyboard.press("Escape")
    assert here(page) == names[1] and page.locator(".pick input:checked").count() == 0
    page.keyboard.press("Enter")
    page.wait_for_url("**/review/encounters/*")


def test_a_row_is_claimed_and_the_next_is_taken_by_a_key(page: Page, desk: Served) -> None:
    page.goto(f"{desk.url}/review/worklist")
    page.keyboard.press("j")
    page.keyboard.press("c")
    page.wait_for_url("**did=claim.1")
    expect(page.locator("tr.mine")).to_have_count(1)
    expect(page.locator("tr.mine .state-cell")).to_contain_text("you until")
    page.keyboard.press("n")
    page.wait_for_url("**/review/encounters/*")


def test_rows_are_chosen_and_held_together(page: Page, desk: Served) -> None:
    page.goto(f"{desk.url}/review/worklist")
    expect(page.locator("#acts")).to_be_hidden()
    for key in "jxjh":
        page.keyboard.press(key)
    expect(page.locator("#acts-count")).to_have_text("1 chosen")
    expect(page.locator("#hold-reason")).to_be_focused()
    page.locator("#hold-words").fill("x")
    page.keyboard.press("Enter")
    expect(page.locator("tr.entry")).to_have_count(4)
    assert "did" not in page.url, "Enter in a field does nothing by itself"
    page.get_by_role("button", name="Hold", exact=True).click()
    page.wait_for_url("**did=hold.1")
    expect(page.locator(".state.held")).to_have_count(1)


def test_news_come_by_themselves_until_the_session_is_over(page: Page, desk: Served) -> None:
    told = [
        (200, {"count": 5, "new": 0, "newest": ""}),
        (200, {"count": 7, "new": 3, "newest": ""}),
        (200, {"count": 4, "new": 0, "newest": ""}),
    ]

    def answer(route: Route) -> None:
        status, body = told.pop(0)
        route.fulfill(status=status, content_type="application/json", body=json.dumps(body))

    page.clock.install()
    page.route("**/review/worklist/count**", answer)
    page.goto(f"{desk.url}/review/worklist?state=open")
    assert page.title().startswith("(4) Worklist")
    page.clock.run_for(31_000)
    expect(page).to_have_title(re.compile(r"\(5\) Worklist"))  # the answer is in: until then the page does not ask again
    expect(page.locator("#live")).to_be_empty()
    page.clock.run_for(31_000)
    expect(page.get_by_role("link", name="3 new: show")).to_be_visible()
    assert page.title().startswith("(7) Worklist")
    page.clock.run_for(31_000)
    expect(page.locator("#live")).to_be_empty()


def test_a_session_that_is_over_is_told_and_asked_no_more(chromium: Browser, desk: Served) -> None:
    context = chromium.new_context(viewport=WIDE)  # type: ignore[arg-type]
    page, asked = context.new_page(), list[str]()

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=401, body="")

    page.clock.install()
    page.route("**/review/worklist/count**", refuse)
    page.goto(f"{desk.url}/review/worklist?state=open")
    page.clock.run_for(31_000)
    expect(page.locator("#live")).to_contain_text("session is over")
    expect(page.get_by_role("link", name="Sign in again")).to_have_attribute("href", "/sign-in")
    page.clock.run_for(600_000)
    assert len(asked) == 1
    context.close()


def test_without_script_and_narrow_everything_is_there(chromium: Browser, desk: Served) -> None:
    context = chromium.new_context(viewport={"width": 320, "height": NARROW["height"]}, java_script_enabled=False)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{desk.url}/review/worklist")
    page.locator(".pick input").nth(1).check()
    page.get_by_role("button", name="Release").click()
    expect(page.get_by_role("alert").last).to_contain_text("not held")
    page.locator("#hold-reason").select_option("second-opinion")
    page.get_by_role("button", name="Hold", exact=True).click()
    expect(page.get_by_text("Held: 1 encounter.")).to_be_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("key", ["?", "jx"], ids=["keys shown", "a row chosen"])
def test_the_list_in_use_has_no_violation(chromium: Browser, axe: str, manager: Served, scheme: str, key: str) -> None:
    assert violations(chromium, axe, f"{manager.url}/review/worklist?state=all&since=2020-01-01", scheme, WIDE, key) == []
