"""The encounter page as people use it: three regions, one hand on the keyboard, no script at all, and quick."""

from __future__ import annotations

import statistics

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.contracts.pages.conftest import NARROW, WIDE, Served
from tests.review.large_visit import CODES, NOTES, large_visit

REGIONS = ("notes", "codes", "inspector")
MOST_MS = 1000


def chosen(page: Page) -> str:
    """The number of the selected code; one is, and one can be reached with Tab."""
    current = page.locator(".claim a[aria-current]")
    expect(current).to_have_count(1)
    expect(page.locator(".claim a[tabindex='0']")).to_have_count(1)
    expect(page.locator(".panel:visible")).to_have_count(1)
    number = current.locator("xpath=..").get_attribute("data-rank")
    assert number == page.locator(".panel:visible").get_attribute("data-rank")
    return str(number)


def test_three_regions_stand_side_by_side_and_scroll_alone(page: Page, manager: Served) -> None:
    page.goto(manager.encounter)
    boxes = [page.locator(f"#{name}").bounding_box() for name in REGIONS]
    assert all(box and box["y"] + box["height"] <= WIDE["height"] for box in boxes)
    assert [box["x"] for box in boxes if box] == sorted(box["x"] for box in boxes if box) and len({box["y"] for box in boxes if box}) == 1
    page.locator("#notes").evaluate("one => one.scrollTop = 500")
    assert page.locator("#codes").evaluate("one => one.scrollTop") == 0 and page.evaluate("scrollY") == 0


@pytest.mark.parametrize("width", [640, 320], ids=["200 % of 1280", "320 px"])
def test_a_small_window_stacks_them_without_scrolling_sideways(page: Page, manager: Served, width: int) -> None:
    page.set_viewport_size({"width": width, "height": NARROW["height"]})
    page.goto(manager.encounter)
    boxes = [page.locator(f"#{name}").bounding_box() for name in REGIONS]
    assert [box["y"] for box in boxes if box] == sorted(box["y"] for box in boxes if box) and len({box["x"] for box in boxes if box}) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("navigation", name="Parts of this page").get_by_role("link", name="Codes").click()
    expect(page.locator("#codes")).to_be_in_viewport()


def test_the_keyboard_goes_through_codes_and_words(page: Page, manager: Served) -> None:
    page.goto(manager.encounter)
    assert chosen(page) == "1"
    for key, number in (
        ("j", "2"),
        ("j", "3"),
        ("k", "2"),
        ("ArrowDown", "3"),
        ("End", str(CODES)),
        ("j", str(CODES)),
        ("Home", "1"),
        ("k", "1"),
    ):
        page.keyboard.press(key)
        assert chosen(page) == number, key
        expect(page.locator(".claim a[aria-current]")).to_be_focused()
    expect(page.locator("#said")).to_contain_text(f"1 of {CODES}: 1")
    words = large_visit().disposition.report.coded.assignments[0].evidence
    for key, place in (("n", 0), ("n", 1), ("p", 0), ("p", len(words) - 1), ("n", 0)):
        page.keyboard.press(key)
        flashed = page.locator("mark.flash")
        expect(flashed.first).to_be_in_viewport()
        assert "".join(flashed.all_text_contents()) == words[place].text
        expect(page.locator("#said")).to_contain_text(f"Words {place + 1} of {len(words)}")


def test_words_in_a_folded_section_are_unfolded(page: Page, manager: Served) -> None:
    page.goto(manager.encounter)
    page.keyboard.press("f")
    expect(page.locator("details.section[open]")).to_have_count(0)
    page.locator("details.note").first.evaluate("one => one.open = false")
    page.keyboard.press("n")
    expect(page.locator("mark.flash").first).to_be_in_viewport()
    assert page.locator("details.section[open]").count() == 1


def test_the_mouse_chooses_codes_words_and_marks(page: Page, manager: Served) -> None:
    page.goto(manager.encounter)
    page.locator(".claim a").nth(4).click()
    assert chosen(page) == "5"
    page.locator(".panel:visible > .quotes a").nth(2).click()
    expect(page.locator("mark.flash").first).to_be_in_viewport()
    page.locator("mark[data-ranks='9']").first.click()
    assert chosen(page) == "9"


def test_single_keys_can_be_turned_off(page: Page, manager: Served) -> None:
    page.goto(manager.encounter)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_label("Single keys do something").uncheck()
    page.keyboard.press("Escape")
    for _ in range(2):
        page.keyboard.press("j")
        assert chosen(page) == "1"
        page.reload()
    page.locator(".claim a[aria-current]").focus()
    page.keyboard.press("ArrowDown")
    assert chosen(page) == "2"


def test_without_script_everything_is_there(chromium: Browser, manager: Served) -> None:
    context = chromium.new_context(viewport=WIDE, java_script_enabled=False)
    page = context.new_page()
    page.goto(manager.encounter)
    expect(page.locator(".panel:visible")).to_have_count(CODES)
    expect(page.locator(".note")).to_have_count(NOTES)
    assert page.get_by_role("button", name="Fold").count() == 0
    page.locator(".claim a").nth(7).click()
    expect(page.locator("#code-8")).to_be_in_viewport()
    page.locator("#code-8 .quotes a").first.click()
    expect(page.locator("mark:target")).to_be_in_viewport()
    context.close()


def test_a_large_page_is_interactive_in_time(page: Page, manager: Served) -> None:
    page.goto(manager.encounter)
    took = []
    for _ in range(5):
        page.reload()
        took.append(page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive"))
        expect(page.locator("body.live")).to_have_count(1)
        took[-1] = max(took[-1], page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"))
    print(f"interactive after {statistics.median(took):.0f} ms (median of {len(took)})")
    assert statistics.median(took) < MOST_MS


def test_motion_is_left_out_where_it_is_not_wanted(page: Page, manager: Served) -> None:
    page.goto(manager.encounter)
    page.keyboard.press("n")
    assert page.locator("mark.flash").first.evaluate("one => getComputedStyle(one).animationName") == "none"
