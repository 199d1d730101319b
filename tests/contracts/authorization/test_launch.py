"""The whole launch in a real browser over TLS: the EHR's page, oidc-provider, our server as a process, and the EHR behind a token."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests.contracts.authorization.authorization_server import CODER_HOST, AuthorizationServer
from tests.simulated_ehr import SimulatedEhr

ENCOUNTER, PATIENT, FAMILY = "diabetes-ckd", "haldane", "Haldane"
CONTEXT = {"patient": PATIENT, "encounter": ENCOUNTER, "need_patient_banner": True, "intent": "review"}


@pytest.fixture
def stage(server: AuthorizationServer, ours: str) -> AuthorizationServer:
    """The server with an encounter opened at the EHR."""
    server.set(launches={"of-today": CONTEXT}, standalone={"patient": PATIENT, "encounter": ENCOUNTER})
    return server


def launch_url(stage: AuthorizationServer, **changes: str) -> str:
    return f"{stage.coder}/launch?{urlencode({'iss': stage.base, 'launch': 'of-today'} | changes)}"


def launch(page: Page, stage: AuthorizationServer, decision: str = "allow") -> None:
    """From a page of the EHR, in the window."""
    page.goto(f"{stage.ehr}/blank?app={quote(launch_url(stage), safe='')}")
    page.click("#app")
    page.click(f"#{decision}")


def framed(page: Page, stage: AuthorizationServer, decision: str = "allow") -> FrameLocator:
    """From the chart, in a frame of it."""
    page.goto(f"{stage.ehr}/chart?app={quote(launch_url(stage), safe='')}")
    frame = page.frame_locator("#app")
    frame.locator(f"#{decision}").click()
    return frame


def our_cookies(page: Page) -> list[dict[str, Any]]:
    return [dict(one) for one in page.context.cookies() if str(one.get("domain")).endswith(CODER_HOST)]


def test_a_launch_in_the_window_shows_the_patient_and_codes_the_encounter(
    page: Page, stage: AuthorizationServer, ehr: SimulatedEhr
) -> None:
    launch(page, stage)
    expect(page).to_have_url(f"{stage.coder}/review/")
    expect(page.get_by_label("Patient", exact=True)).to_contain_text(FAMILY)
    expect(page.locator("aside")).to_contain_text("Dr Amara Osei")
    before = len(ehr.calls)
    page.get_by_role("button", name="Code it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Encounter/{ENCOUNTER}")
    expect(page.locator("#codes")).to_contain_text("E11.22")
    assert f"GET Encounter/{ENCOUNTER}" in ehr.calls[before:]
    assert not [one for one in ehr.calls[before:] if not one.startswith("GET")]
    asked = [one for one in stage.seen() if one["path"].startswith("/fhir/Encounter")]
    assert {one["authorization"] for one in asked} == {"Bearer"}


def test_the_authorization_request_is_as_smart_has_it(page: Page, stage: AuthorizationServer) -> None:
    launch(page, stage)
    query = stage.seen("/authorize")[0]["query"]
    assert (query["aud"], query["launch"], query["redirect_uri"]) == (stage.base, "of-today", f"{stage.coder}/t/north/callback")
    assert (query["response_type"], query["code_challenge_method"], len(query["code_challenge"])) == ("code", "S256", 43)
    assert min(len(query[name]) for name in ("state", "nonce")) >= 43
    assert "launch" in query["scope"].split()


def test_the_browser_holds_nothing_but_random_text(page: Page, stage: AuthorizationServer) -> None:
    launch(page, stage)
    expect(page).to_have_url(f"{stage.coder}/review/")
    cookies = our_cookies(page)
    assert {one["name"] for one in cookies} <= {"__Host-fhir-coder", "__Host-fhir-coder-sign-in"}
    assert {(one["httpOnly"], one["secure"], one["sameSite"], one["path"], len(one["value"])) for one in cookies} == {
        (True, True, "None", "/", 43)
    }
    assert page.evaluate("document.cookie + JSON.stringify([localStorage, sessionStorage])") == "[{},{}]"


def test_a_launch_in_a_frame_of_the_chart_works_with_cookies_of_third_parties_blocked(
    page: Page, stage: AuthorizationServer, ehr: SimulatedEhr
) -> None:
    frame = framed(page, stage)
    expect(frame.get_by_label("Patient", exact=True)).to_contain_text(FAMILY)
    frame.get_by_label("Write the proposal to the EHR").check()
    before = len(ehr.calls)
    frame.get_by_role("button", name="Code it").click()
    expect(frame.locator("#codes")).to_contain_text("E11.22")
    assert [one for one in ehr.calls[before:] if one.startswith(("POST", "PUT"))]
    assert all(one.get("partitionKey") for one in our_cookies(page))
    page.goto(f"{stage.coder}/review/")  # the session of the frame is the frame's
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()


def test_only_the_ehr_may_frame_us(page: Page, stage: AuthorizationServer) -> None:
    launch(page, stage)
    expect(page).to_have_url(f"{stage.coder}/review/")
    page.goto(f"https://elsewhere.test:{stage.port}/chart?app={quote(stage.coder + '/review/', safe='')}")
    (framed_page,) = page.main_frame.child_frames
    framed_page.wait_for_load_state()
    assert framed_page.url.startswith("chrome-error:")


@pytest.mark.parametrize("is_framed", [False, True], ids=["in the window", "in a frame"])
def test_a_refusal_is_told_readably(page: Page, stage: AuthorizationServer, is_framed: bool) -> None:
    if is_framed:
        where: Page | FrameLocator = framed(page, stage, "refuse")
    else:
        launch(page, stage, "refuse")
        where = page
    main = where.locator("main")
    expect(main).to_contain_text("access_denied")
    expect(main).to_contain_text("The user refused <b>everything</b>")
    assert where.locator("main b").count() == 0
    assert stage.seen("/token") == []


@pytest.mark.parametrize(
    "changes",
    [{"iss": "https://evil.example/fhir"}, {"iss": "{ehr}"}, {"iss": "{ehr}/fhir/../fhir"}, {"iss": "{ehr}@evil.example/fhir"}],
    ids=["elsewhere", "the issuer", "dots", "user part"],
)
def test_an_unknown_iss_is_told_and_nobody_is_asked(page: Page, stage: AuthorizationServer, changes: dict[str, str]) -> None:
    stage.forget()
    answer = page.goto(launch_url(stage, iss=changes["iss"].format(ehr=stage.ehr)))
    assert answer is not None
    assert answer.status == 403
    expect(page.locator("main")).to_contain_text("not configured")
    assert stage.seen() == []


def test_a_standalone_launch_from_our_sign_in_page(page: Page, stage: AuthorizationServer) -> None:
    page.goto(f"{stage.coder}/t/north/sign-in")
    page.get_by_role("link", name="With the account of your EHR").click()
    page.click("#allow")
    expect(page).to_have_url(f"{stage.coder}/review/")
    expect(page.get_by_label("Patient", exact=True)).to_contain_text(FAMILY)
    assert "launch" not in stage.seen("/authorize")[0]["query"]


def test_the_practices_own_provider_signs_people_in_with_roles(page: Page, stage: AuthorizationServer) -> None:
    page.goto(f"{stage.coder}/t/north/sign-in")
    page.get_by_role("link", name="With the account of your practice").click()
    page.click("#allow")
    expect(page).to_have_url(f"{stage.coder}/review/")
    expect(page.locator("aside")).to_contain_text("Second reviewer")
    assert page.get_by_role("button", name="Code it").count() == 0


def test_a_session_that_is_over_is_told_in_the_frame(page: Page, stage: AuthorizationServer, our_folder: Path) -> None:
    frame = framed(page, stage)
    expect(frame.get_by_label("Patient", exact=True)).to_contain_text(FAMILY)
    with closing(sqlite3.connect(our_folder / "ours.sqlite")) as store:  # nobody has used it for longer than a session lasts
        store.execute("UPDATE browser_session SET seen_s = seen_s - 3600")
        store.commit()
    frame.get_by_role("link", name="fhir-coder").click()
    expect(frame.get_by_role("heading", level=1)).to_have_text("You are not signed in")


@pytest.mark.parametrize("is_withdrawn", [False, True], ids=["soon over", "taken no more"])
def test_a_token_is_refreshed_behind_the_page(page: Page, stage: AuthorizationServer, is_withdrawn: bool) -> None:
    stage.set(access_token_ttl_s=300 if is_withdrawn else 30)
    launch(page, stage)
    expect(page).to_have_url(f"{stage.coder}/review/")
    stage.set(access_token_ttl_s=300)
    if is_withdrawn:
        stage.withdraw()
    asked = len(stage.seen("/token"))
    page.get_by_role("button", name="Code it").click()
    expect(page.locator("#codes")).to_contain_text("E11.22")
    assert len(stage.seen("/token")) == asked + 1


def test_a_refresh_that_is_refused_ends_in_words(page: Page, stage: AuthorizationServer) -> None:
    stage.set(access_token_ttl_s=30)
    launch(page, stage)
    expect(page).to_have_url(f"{stage.coder}/review/")
    stage.set(clock_offset_s=90_000)  # the refresh token is over too
    page.get_by_role("button", name="Code it").click()
    expect(page.locator("main")).to_contain_text("launch this page again from the EHR")


@pytest.mark.parametrize("is_framed", [False, True], ids=["in the window", "in a frame"])
def test_signing_out_ends_the_session_and_takes_the_tokens_back(page: Page, stage: AuthorizationServer, is_framed: bool) -> None:
    if is_framed:
        where: Page | FrameLocator = framed(page, stage)
    else:
        launch(page, stage)
        where = page
    where.get_by_role("button", name="Sign out", exact=True).click()
    expect(where.get_by_role("heading", level=1)).to_have_text("You are signed out")
    assert len(stage.seen("/revoke")) == 1
    assert [one for one in our_cookies(page) if one["name"] in {"__Host-fhir-coder", "__Host-fhir-coder-framed"}] == []


def test_an_answer_serves_once_and_in_the_browser_that_asked(page: Page, browser: Browser, stage: AuthorizationServer) -> None:
    callbacks: list[str] = []
    page.on("request", lambda request: callbacks.append(request.url) if "/callback?" in request.url else None)
    launch(page, stage)
    expect(page).to_have_url(f"{stage.coder}/review/")
    (callback,) = callbacks
    again = page.goto(callback)
    stranger = browser.new_context()
    elsewhere = stranger.new_page().goto(callback)
    stranger.close()
    assert again is not None
    assert elsewhere is not None
    assert (again.status, elsewhere.status) == (400, 400)
    assert len(stage.seen("/token")) == 1


def test_the_patient_of_the_launch_bounds_what_is_coded(page: Page, stage: AuthorizationServer, ehr: SimulatedEhr) -> None:
    """The form names the encounter; another, put there by hand, is another person's."""
    launch(page, stage)
    before = len(ehr.calls)
    page.eval_on_selector("input[name=encounter]", "one => { one.value = 'gout-rheumatoid' }")
    with page.expect_response("**/review/code") as answered:
        page.get_by_role("button", name="Code it").click()
    assert answered.value.status == 403
    page.wait_for_load_state()  # a page that is still being shown may hold up the end of its browser
    assert not [one for one in ehr.calls[before:] if "gout" in one]
