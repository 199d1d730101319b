"""axe-core finds nothing against the pages, in light and in dark, wide and narrow.

Each of the four values is met in every run; ``make soak`` adds the other two ways of putting them together.
"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.contracts.pages.conftest import NARROW, WIDE, Served

PAGES = {
    "home": "/review/",
    "worklist": "/review/worklist",
    "worklist without a line": "/review/worklist?state=signed",
    "encounter": "/review/encounters/{coding}",
    "dashboard": "/review/dashboard",
    "dashboard of nothing": "/review/dashboard?from=2020-01-01&to=2020-01-01",
    "error": "/review/none",
    "sign-in": "/sign-in",
    "closed": "/review/left",
}
WINDOWS = [
    pytest.param("light", WIDE, id="light-wide"),
    pytest.param("dark", NARROW, id="dark-narrow"),
    pytest.param("light", NARROW, id="light-narrow", marks=pytest.mark.soak),
    pytest.param("dark", WIDE, id="dark-wide", marks=pytest.mark.soak),
]
SCHEMES = ["light", pytest.param("dark", marks=pytest.mark.soak)]
"""Of what differs from the pages above in a part alone."""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(chromium: Browser, axe: str, url: str, scheme: str, viewport: dict[str, int], key: str = "") -> list[str]:
    """What axe-core holds against a page, a line each."""
    context = chromium.new_context(color_scheme=scheme, viewport=viewport, reduced_motion="reduce")  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(url)
    for one in key:
        page.keyboard.press(one)
    page.evaluate(axe)
    found: dict[str, Any] = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    context.close()
    assert found["passes"]
    return [f"{one['id']}: {node['html'][:160]} {node['failureSummary']}" for one in found["violations"] for node in one["nodes"]]


@pytest.mark.parametrize(("scheme", "viewport"), WINDOWS)
@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_a_page_has_no_violation(chromium: Browser, axe: str, manager: Served, path: str, scheme: str, viewport: dict[str, int]) -> None:
    assert violations(chromium, axe, manager.url + path.format(coding=manager.coding), scheme, viewport) == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("path", ["/review/", "/review/encounters/{coding}"], ids=["home", "break-glass"])
def test_a_page_of_somebody_without_sight_has_no_violation(chromium: Browser, axe: str, outsider: Served, path: str, scheme: str) -> None:
    assert violations(chromium, axe, outsider.url + path.format(coding=outsider.coding), scheme, WIDE) == []


@pytest.mark.parametrize("key", ["n", "f", "?"], ids=["words flashed", "folded", "keys shown"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_encounter_in_use_has_no_violation(chromium: Browser, axe: str, manager: Served, scheme: str, key: str) -> None:
    assert violations(chromium, axe, manager.encounter, scheme, WIDE, key) == []


def test_axe_finds_what_is_wrong(chromium: Browser, axe: str, manager: Served) -> None:
    page = chromium.new_page()
    page.goto(manager.url + "/review/")
    page.evaluate("document.querySelector('label').remove()")
    page.evaluate(axe)
    found = page.evaluate("() => axe.run()")
    page.close()
    assert "label" in {one["id"] for one in found["violations"]}
