"""The dashboard in a browser: its widest table fits the window, and a figure stands under its name where the window is narrow."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.contracts.pages.conftest import Served

DAYS = "from=2026-03-01&to=2026-05-06"


@pytest.mark.parametrize("width", [1440, 720, 320], ids=["wide", "at 200 % zoom", "at 400 % zoom"])
@pytest.mark.parametrize("by", ["provider", "coder"])
def test_nothing_of_the_groups_is_out_of_sight_sideways(page: Page, manager: Served, by: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{manager.url}/review/dashboard?{DAYS}&by={by}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    table = page.locator("section[aria-labelledby=groups-heading] .scroll")
    assert table.evaluate("one => one.scrollWidth <= one.clientWidth")
    names = table.locator("tbody th")
    assert names.count() > 1
    for name in names.all():
        assert name.evaluate("one => one.getBoundingClientRect().width >= 120")


def test_figures_are_named_where_the_head_of_the_table_is_not_seen(page: Page, manager: Served) -> None:
    page.set_viewport_size({"width": 720, "height": 900})
    page.goto(f"{manager.url}/review/dashboard?{DAYS}&by=provider")
    table = page.get_by_role("table", name="All figures by provider")
    head = [one.inner_text() for one in table.locator("thead th").all()]
    row = table.locator("tbody tr").first
    assert [one.get_attribute("data-label") for one in row.locator("td").all()] == head[1:]
    expect(row.get_by_role("rowheader")).to_have_text("Practitioner/dr")
    assert "Coded" in row.locator("td").first.evaluate("one => getComputedStyle(one, '::before').content")
