"""What is about the encounter as a whole, by its keys and by mouse: a comment, the assignment, decisions that are taken back by name; and codes restored
in haste."""

from __future__ import annotations

from playwright.sync_api import expect

from fhir_coder.worklist.decision import Act, Decision
from tests.contracts.pages.conftest import DEMO
from tests.contracts.pages.test_deciding import Desk, context, desk, served
from tests.contracts.pages.test_haste import Slow

__all__ = ["context", "desk", "served"]
TALLEST_HEAD = 0.55
"""Of the window: what the list of decisions may take from the notes and codes below."""


def test_a_comment_on_the_encounter_is_about_no_code(desk: Desk) -> None:
    desk.press("j", "m")
    desk.page.keyboard.type("About sugar")
    desk.press("Escape", "M")
    words = desk.page.locator("#comment textarea")
    expect(desk.page.locator("#comment h2")).to_have_text("Comment on the encounter")
    expect(words).to_be_focused()
    expect(words).to_have_value("")
    desk.page.keyboard.type("Seen with the daughter")
    desk.press("Control+Enter")
    assert desk.kept(1) == Decision(Act.COMMENT, text="Seen with the daughter")
    expect(desk.page.locator("dialog[open]")).to_have_count(0)
    desk.page.locator(".head-acts").get_by_role("button", name="Comment").click()
    expect(words).to_have_value("")
    words.fill("And the son")
    desk.page.locator("#comment").get_by_role("button", name="Comment").click()
    assert desk.kept(2) == Decision(Act.COMMENT, text="And the son")
    desk.press("m")
    expect(desk.page.locator("#comment h2")).to_have_text("Comment on E11.22")
    expect(words).to_have_value("About sugar")


def test_the_review_is_assigned_by_key_and_by_mouse(desk: Desk) -> None:
    desk.press("g")
    expect(desk.page.locator("#assign-to")).to_be_focused()
    desk.press("Enter")
    decision = desk.kept(1)
    assert decision.act is Act.ASSIGN and decision.to and (decision.to.id, decision.to.issuer) == (DEMO.id, DEMO.issuer)
    expect(desk.page.locator(".facts-line")).to_contain_text(DEMO.name or DEMO.id)
    desk.page.locator(".head-acts").get_by_role("button", name="Assign").click()
    desk.page.locator("#assign-id").fill("Practitioner/7")
    desk.page.locator("#assign").get_by_role("button", name="Assign").click()
    after = desk.kept(2).to
    assert after and after.id == "Practitioner/7"
    expect(desk.page.locator(".facts-line")).to_contain_text("Practitioner/7")
    desk.press("g", "ArrowDown", "Enter")
    assert desk.kept(3) == Decision(Act.ASSIGN)


def test_a_decision_is_taken_back_by_name(desk: Desk) -> None:
    desk.press("a", "j", "a", "j", "a")
    desk.kept(3)
    desk.press("U")
    listed = desk.page.locator(".take-back")
    expect(listed.locator("summary")).to_be_focused()
    expect(listed).to_have_attribute("open", "")
    desk.press("Tab", "Tab", "Enter")
    assert desk.kept(4) == Decision(Act.UNDO, undoes=2)
    expect(listed).to_have_attribute("open", "")
    listed.get_by_role("button", name="Take back decision 1").click()
    assert desk.kept(5) == Decision(Act.UNDO, undoes=1)
    assert [one.verdict.value for one in desk.review().codes] == ["open", "open", "accepted"]
    desk.press("U")
    expect(listed).not_to_have_attribute("open", "")


def test_a_long_list_of_decisions_leaves_room_for_the_rest(desk: Desk) -> None:
    for version in range(1, 21):
        desk.press("Alt+ArrowDown" if version % 2 else "Alt+ArrowUp")
        desk.kept(version)
    desk.press("U")
    height = desk.page.evaluate("document.getElementById('head').getBoundingClientRect().height / innerHeight")
    assert height < TALLEST_HEAD
    last = desk.page.locator(".take-back button").last
    last.focus()
    expect(last).to_be_in_viewport()


def test_two_codes_that_are_restored_in_haste_are_both_restored(desk: Desk) -> None:
    desk.press("x", "Tab")
    desk.press("Control+Enter")
    desk.kept(1)
    slow, buttons = Slow(desk.page), desk.page.locator(".left-out button[form=restore-form]")
    names = [str(buttons.nth(at).get_attribute("value")) for at in range(2)]
    buttons.nth(0).click()
    first = slow.wait()
    buttons.nth(1).click()
    buttons.nth(1).click()
    slow.end()
    first.continue_()
    desk.kept(3)
    desk.page.wait_for_timeout(300)
    assert desk.review().version == 3 and {*names} <= {*desk.codes()}
    expect(desk.page.locator(".refusal")).to_have_count(0)
