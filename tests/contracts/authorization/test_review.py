"""A whole review in a real browser: launched from the EHR, by keyboard and by mouse, signed off, and seen in the EHR's own FHIR server."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.contracts.authorization.authorization_server import AuthorizationServer
from tests.contracts.authorization.test_launch import CONTEXT, ENCOUNTER, launch
from tests.simulated_ehr import Fault, SimulatedEhr

SAID = "#said"


@pytest.fixture
def desk(page: Page, server: AuthorizationServer, ours: str, ehr: SimulatedEhr) -> Page:
    """The page of an encounter that was launched, coded and proposed to the EHR; what the browser complains of fails the test."""
    ehr.faults = []
    complaints: list[str] = []
    ours_only = lambda message: message.type == "error" and message.location["url"].startswith(server.coder)  # noqa: E731
    page.on("console", lambda message: complaints.append(f"{message.text} {message.location}") if ours_only(message) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    server.set(launches={"of-today": CONTEXT})
    launch(page, server)
    page.get_by_label("Write the proposal to the EHR").check()
    page.get_by_role("button", name="Code it").click()
    expect(page.locator("body.live")).to_be_visible()
    expect(page.locator("#codes")).to_contain_text("E11.22")
    page.complaints = complaints  # type: ignore[attr-defined]
    return page


def statuses(ehr: SimulatedEhr) -> dict[str, str]:
    """verificationStatus of each Condition of ours for the encounter, by code: tests share the EHR."""
    held = [one for one in ehr.held("Condition") if one.get("encounter") == {"reference": f"Encounter/{ENCOUNTER}"}]
    ours = [one for one in held if any("proposal" in name.get("system", "") for name in one.get("identifier", ()))]
    return {one["code"]["coding"][0]["code"]: one["verificationStatus"]["coding"][0]["code"] for one in ours}


def claimed(page: Page) -> list[str]:
    return [str(one.get_attribute("data-code")) for one in page.locator(".claim > li").all()]


def settled(page: Page) -> None:
    """Nothing is being sent, and no dialog is open: keys mean the page again."""
    expect(page.locator("body[aria-busy]")).to_have_count(0)
    expect(page.locator("dialog[open]")).to_have_count(0)


def reject_last(page: Page) -> str:
    """Turn the last code down, by keyboard: it goes with a finding that blocks the sign-off."""
    codes = claimed(page)
    page.locator(".claim a.pick[tabindex='0']").focus()
    page.keyboard.press("End")
    page.keyboard.press("x")
    expect(page.locator("dialog#reject")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(f'.claim > li[data-code="{codes[-1]}"]')).to_have_count(0)
    settled(page)
    return codes[-1]


def sign(page: Page) -> None:
    page.keyboard.press("s")
    expect(page.locator("dialog#sign-off")).to_be_visible()
    page.keyboard.press("Enter")


def test_a_review_by_keyboard_alone_ends_in_the_ehr(desk: Page, ehr: SimulatedEhr) -> None:
    before = claimed(desk)
    assert set(statuses(ehr)) == set(before) and set(statuses(ehr).values()) == {"unconfirmed"}
    first, rejected = before[0], before[-1]
    desk.keyboard.press("a")
    expect(desk.locator(SAID)).to_contain_text(f"{first} accepted")
    settled(desk)
    reject_last(desk)
    desk.keyboard.press("q")
    expect(desk.locator("dialog#ask")).to_be_visible()
    desk.locator("dialog#ask textarea").focus()
    desk.keyboard.type("Please clarify the stage of the kidney disease.")
    desk.keyboard.press("Tab")
    desk.keyboard.press("Enter")
    expect(desk.locator("#head .badge").first).to_have_text("Held")
    settled(desk)
    assert [one for one in ehr.held("Task") if one.get("description") == "Please clarify the stage of the kidney disease."]
    desk.keyboard.press("h")
    expect(desk.locator("#head .badge").first).to_have_text("Waits for a person")
    settled(desk)
    desk.keyboard.press("A")
    expect(desk.locator(SAID)).to_contain_text("accepted")
    settled(desk)
    sign(desk)
    expect(desk.locator("#head")).to_contain_text("Written to the EHR")
    after = statuses(ehr)
    assert after.pop(rejected) == "entered-in-error" and set(after) == set(before) - {rejected} and set(after.values()) == {"confirmed"}
    tasks = [one for one in ehr.held("Task") if one["encounter"]["reference"] == f"Encounter/{ENCOUNTER}"]
    assert [one["status"] for one in tasks if one["code"]["coding"][0]["code"] == "review-coding"] == ["completed"]
    vouching = [
        agent["who"] for one in ehr.held("Provenance") for agent in one["agent"] if agent["type"]["coding"][0]["code"] == "verifier"
    ]
    assert {one["reference"].partition("/")[0] for one in vouching} == {"Practitioner"}
    assert desk.complaints == []  # type: ignore[attr-defined]


def test_a_review_by_mouse_replaces_a_code_and_undoes_it(desk: Page) -> None:
    before = claimed(desk)
    desk.locator(".claim a.pick").nth(1).click()
    panel = desk.locator(".panel:not([hidden])")
    swap = panel.locator(".swaps button").first
    comes = swap.locator(".code").inner_text()
    swap.click()
    expect(desk.locator(f'.claim > li[data-code="{comes}"]')).to_have_count(1)
    desk.locator("#head").get_by_role("button", name=re.compile("^Undo")).click()
    expect(desk.locator(f'.claim > li[data-code="{before[1]}"]')).to_have_count(1)
    assert claimed(desk) == before and desk.complaints == []  # type: ignore[attr-defined]


def test_an_ehr_that_is_down_at_the_sign_off_is_written_when_it_is_back(desk: Page, ehr: SimulatedEhr) -> None:
    rejected = reject_last(desk)
    ehr.faults = [Fault("", status=503, times=-1, body=b"down")]
    sign(desk)
    expect(desk.locator("#head .badge").first).to_have_text("Signed off", timeout=60_000)
    expect(desk.locator("#head")).to_contain_text("The EHR could not be written")
    assert statuses(ehr)[rejected] == "unconfirmed"
    ehr.faults = []
    desk.locator("#head").get_by_role("button", name=re.compile("Try|Retry")).first.click()
    expect(desk.locator("#head")).to_contain_text("Written to the EHR")
    assert statuses(ehr)[rejected] == "entered-in-error"


def test_a_session_that_ends_in_the_middle_loses_nothing(desk: Page, server: AuthorizationServer, ehr: SimulatedEhr) -> None:
    first = claimed(desk)[0]
    cookies = desk.context.cookies()
    desk.context.clear_cookies()
    desk.keyboard.press("a")
    expect(desk.locator("dialog#session-over")).to_be_visible()
    desk.context.add_cookies(cookies)  # the same person has signed in again, in another tab
    desk.locator("[data-go-on]").click()
    expect(desk.locator(SAID)).to_contain_text(f"{first} accepted")
    assert first in claimed(desk)


def test_the_page_leaves_the_screen_when_nothing_is_done(desk: Page) -> None:
    desk.clock.install()
    desk.reload()
    expect(desk.locator("body.live")).to_be_visible()
    desk.clock.fast_forward(800_000)
    desk.keyboard.press("a")
    expect(desk.locator(SAID)).to_contain_text("accepted")
    desk.clock.fast_forward(800_000)
    expect(desk.locator("#codes")).to_be_visible()
    desk.clock.fast_forward(120_000)
    expect(desk).to_have_url(re.compile("/review/left$"))
