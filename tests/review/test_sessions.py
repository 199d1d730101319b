"""How sessions end, what a change must prove, and what every page tells browsers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from fhir_coder.errors import LaunchDenied
from fhir_coder.people import Person
from fhir_coder.review.session import ReviewSession
from fhir_coder.store.cipher import Cipher, new_store_key
from fhir_coder.store.session_tables import SessionRow
from tests.each import for_each
from tests.review.conftest import FRAMING, LAUNCHED, OURS, SIGNED_IN, Site, csrf_of, get, keyed, make_site, post, sign_in, state_of, way_in

SESSION = "__Host-fhir-coder"


def cookie(browser: FlaskClient) -> str:
    found = browser.get_cookie(SESSION, domain="coder.example")
    return found.value if found else ""


# -------------------------------------------------------------------------------------------------------------------- ends


def test_a_session_that_is_not_used_ends(site: Site, browser: FlaskClient) -> None:
    sign_in(site, browser)
    site.clock.now += 899
    assert get(browser, "/review/").status_code == 200
    site.clock.now += 899
    assert get(browser, "/review/").status_code == 200
    site.clock.now += 900
    page = get(browser, "/review/")
    assert page.status_code == 401 and "/sign-in" in page.text


def test_a_session_that_is_used_ends_after_twelve_hours(site: Site, browser: FlaskClient) -> None:
    sign_in(site, browser)
    for _ in range(12 * 6 - 1):
        site.clock.now += 600
        assert get(browser, "/review/").status_code == 200
    site.clock.now += 600
    assert get(browser, "/review/").status_code == 401


def test_looking_at_the_closed_page_puts_nothing_off(site: Site, browser: FlaskClient) -> None:
    sign_in(site, browser)
    site.clock.now += 800
    assert get(browser, "/review/left").status_code == 200
    site.clock.now += 100
    assert get(browser, "/review/").status_code == 401


def test_pages_leave_the_screen_when_the_session_is_over(site: Site, browser: FlaskClient) -> None:
    sign_in(site, browser)
    coding = site.save()
    assert get(browser, f"/review/encounters/{coding}/history").headers["Refresh"] == "905; url=/review/left"
    assert "Ada" not in get(browser, "/review/left").text
    for path in (f"/review/encounters/{coding}", "/review/", "/review/worklist"):
        page = get(browser, path)  # its script uses the session without loading it anew, or keeps what was typed, and leaves by itself
        assert page.status_code == 200 and "Refresh" not in page.headers and 'data-idle-s="905" data-left="/review/left"' in page.text
        assert page.text.count('<noscript><meta http-equiv="refresh" content="905; url=/review/left"></noscript>') == 1
        assert page.text.count('id="session-over"') == page.text.count('id="leaving"') == page.text.count('id="said"') == 1


def test_signing_out_really_ends_the_session(site: Site, browser: FlaskClient) -> None:
    sign_in(site, browser)
    kept = cookie(browser)
    page = post(browser, "/sign-out", {"csrf": csrf_of(get(browser, "/review/"))})
    assert page.status_code == 200 and "You are signed out" in page.text
    assert cookie(browser) == "" and site.sessions.find(kept) is None
    browser.set_cookie(SESSION, kept, domain="coder.example")
    assert get(browser, "/review/").status_code == 401
    assert [one.access_token for one in site.flow.revoked] == ["ACCESS-TOKEN"]
    assert len(site.events("sign-out")) == 1


def test_signing_out_names_the_provider(site: Site, browser: FlaskClient) -> None:
    sign_in(site, browser, SIGNED_IN)
    page = post(browser, "/sign-out", {"csrf": csrf_of(get(browser, "/review/"))})
    assert 'href="https://login.example/logout"' in page.text and "Location" not in page.headers


@pytest.mark.parametrize(("everywhere", "status"), [("", 200), ("yes", 401)])
def test_signing_out_in_all_browsers(site: Site, browser: FlaskClient, everywhere: str, status: int) -> None:
    other, somebody = site.browser(), site.browser()
    for one in (browser, other):
        sign_in(site, one)
    sign_in(site, somebody, replace(LAUNCHED, subject="sub-8", fhir_user="Practitioner/8"))
    post(browser, "/sign-out", {"csrf": csrf_of(get(browser, "/review/")), "everywhere": everywhere})
    assert get(browser, "/review/").status_code == 401
    assert get(other, "/review/").status_code == status
    assert get(somebody, "/review/").status_code == 200


# --------------------------------------------------------------------------------------------------------------- forgeries

SECOND = [f"/review/second/<coding_id>/{step}" for step in ("begin", "codes", "let-go", "reopen")]
ON_A_CODING = [f"/review/encounters/<coding_id>/{step}" for step in ("draft", "look-again", "decisions", "let-go", "follow-ups")]
CHANGES = [
    "/review/code",
    "/review/break-glass",
    "/sign-out",
    "/review/worklist/change",
    "/review/worklist/next",
    "/review/worklist/views",
    "/review/second/lift",
    *SECOND,
]
FORGERIES = {
    "no token": ({}, {}),
    "empty token": ({"csrf": ""}, {}),
    "wrong token": ({"csrf": "x" * 43}, {}),
    "token with letters of other alphabets": ({"csrf": "é"}, {}),
    "two tokens": ({"csrf": ["OURS", "OURS"]}, {}),
    "from another site": ({"csrf": "OURS"}, {"Sec_Fetch_Site": "cross-site"}),
    "from a sister site": ({"csrf": "OURS"}, {"Sec_Fetch_Site": "same-site"}),
    "typed by nobody": ({"csrf": "OURS"}, {"Sec_Fetch_Site": "none"}),
    "origin of another site": ({"csrf": "OURS"}, {"Sec_Fetch_Site": "", "Origin": "https://evil.example"}),
    "origin that looks like ours": ({"csrf": "OURS"}, {"Sec_Fetch_Site": "", "Origin": "https://coder.example.evil.example"}),
    "origin without TLS": ({"csrf": "OURS"}, {"Sec_Fetch_Site": "", "Origin": "http://coder.example"}),
    "origin of the EHR": ({"csrf": "OURS"}, {"Sec_Fetch_Site": "", "Origin": FRAMING}),
}


@pytest.mark.parametrize(("form", "headers"), FORGERIES.values(), ids=FORGERIES)
def test_a_forged_change_does_nothing(site: Site, browser: FlaskClient, form: dict, headers: dict[str, str]) -> None:
    sign_in(site, browser, SIGNED_IN)
    ours = csrf_of(get(browser, "/review/"))
    filled = {
        name: [ours if one == "OURS" else one for one in ([value] if isinstance(value, str) else value)] for name, value in form.items()
    }
    before = len(site.audit)
    for path in CHANGES:
        page = post(browser, path, {"encounter": "e1", **filled}, **headers)
        assert page.status_code == 403 and page.content_type.startswith("text/html"), path
        assert site.coder.requests == [] and len(site.audit) == before, path
    assert get(browser, "/review/").status_code == 200


def test_the_token_of_another_session_is_none(site: Site, browser: FlaskClient) -> None:
    attacker = site.browser()
    sign_in(site, attacker)
    theirs = csrf_of(get(attacker, "/review/"))
    sign_in(site, browser)
    answers = {path: post(browser, path, {"csrf": theirs, "encounter": "e1"}).status_code for path in CHANGES}
    assert answers == dict.fromkeys(CHANGES, 403)


def test_a_change_needs_a_session(browser: FlaskClient) -> None:
    answers = {path: post(browser, path, {"csrf": "x"}).status_code for path in CHANGES}
    assert answers == dict.fromkeys(CHANGES, 401)


@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec_Fetch_Site": ""}, {"Sec_Fetch_Site": "", "Origin": OURS}, {"Sec_Fetch_Site": "", "Origin": ""}],
    ids=["as browsers send it", "older browser", "older browser with origin", "no word of where"],
)
def test_our_own_forms_are_taken(site: Site, browser: FlaskClient, headers: dict[str, str]) -> None:
    sign_in(site, browser)
    assert post(browser, "/sign-out", {"csrf": csrf_of(get(browser, "/review/"))}, **headers).status_code == 200


FETCHES = {
    "image on another site": ("cross-site", "no-cors", 403),
    "program of another site": ("cross-site", "cors", 403),
    "image on a sister site": ("same-site", "no-cors", 403),
    "link on another site": ("cross-site", "navigate", 200),
    "our own page": ("same-origin", "navigate", 200),
    "typed": ("none", "navigate", 200),
}


@pytest.mark.parametrize(("origin", "mode", "status"), FETCHES.values(), ids=FETCHES)
def test_a_page_is_opened_and_not_fetched(site: Site, browser: FlaskClient, origin: str, mode: str, status: int) -> None:
    sign_in(site, browser)
    before = len(site.audit)
    assert get(browser, "/review/", Sec_Fetch_Site=origin, Sec_Fetch_Mode=mode).status_code == status
    assert len(site.audit) - before == (status == 200)


METHODS = [
    *(("GET", path) for path in CHANGES),
    *(
        (method, path)
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS")
        for path in ("/review/", "/callback", "/launch", "/sign-in")
    ),
    *(("PUT", path) for path in CHANGES),
]


def test_the_wrong_method_is_a_page_and_does_nothing(site: Site, browser: FlaskClient) -> None:
    sign_in(site, browser)
    token = csrf_of(get(browser, "/review/"))
    for method, path in METHODS:
        page = browser.open(f"{path}?csrf={token}&encounter=e1", method=method, base_url=OURS)
        assert page.status_code == 405 and page.headers["Allow"] == ("POST" if path in CHANGES else "GET"), (method, path)
        assert page.content_type.startswith("text/html"), (method, path)
        assert site.coder.requests == [], (method, path)
    assert get(browser, "/review/").status_code == 200


# ---------------------------------------------------------------------------------------------------------------- headers

EVERYWHERE = [
    "/review/",
    "/review/encounters/x",
    "/review/nothing",
    "/sign-in",
    "/launch",
    "/launch?iss=a&launch=b",
    "/callback",
    "/review/left",
]


@for_each("path", EVERYWHERE)
@pytest.mark.parametrize("is_in", [False, True], ids=["nobody", "somebody"])
def test_every_page_keeps_other_sites_out(site: Site, browser: FlaskClient, path: str, is_in: bool) -> None:
    if is_in:
        sign_in(site, browser, SIGNED_IN)
    page = get(browser, path)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "form-action 'self'" in policy
    assert "base-uri 'none'" in policy and policy.endswith("frame-ancestors 'none'") and page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["X-Content-Type-Options"] == "nosniff" and page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    has_words = is_in and path == "/review/"
    assert ("script-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'" in policy) is has_words
    assert ("script-src" in policy) is has_words and page.text.count("<script") == has_words
    assert " style=" not in page.text and "<style" not in page.text


def test_a_launched_page_may_be_framed_by_its_ehr_alone(site: Site, browser: FlaskClient) -> None:
    back = sign_in(site, browser, Sec_Fetch_Dest="iframe")
    for page in (back, get(browser, "/review/", Sec_Fetch_Dest="iframe")):
        assert page.headers["Content-Security-Policy"].endswith(f"frame-ancestors {FRAMING}") and "X-Frame-Options" not in page.headers
        assert "Cross-Origin-Resource-Policy" not in page.headers


def may_be_framed(page: TestResponse) -> bool:
    return page.headers["Content-Security-Policy"].endswith(f"frame-ancestors {FRAMING}")


def test_what_goes_wrong_with_a_launch_is_told_in_its_frame(site: Site, browser: FlaskClient) -> None:
    site.flow.result = LaunchDenied("refused")
    begun = get(browser, way_in(LAUNCHED))
    assert may_be_framed(begun) and may_be_framed(get(browser, f"/callback?error=access_denied&state={state_of(begun)}"))
    assert not may_be_framed(get(browser, "/callback?state=unknown"))


@pytest.mark.parametrize(("path", "status"), [("/review/encounters/none", 404), ("/sign-in", 200)])
def test_a_frame_shows_errors_and_the_way_in_too(site: Site, browser: FlaskClient, path: str, status: int) -> None:
    sign_in(site, browser, Sec_Fetch_Dest="iframe")
    page = get(browser, path, Sec_Fetch_Dest="iframe")
    assert page.status_code == status and may_be_framed(page)


def test_what_is_refused_in_a_frame_is_told_there(site: Site, browser: FlaskClient) -> None:
    sign_in(site, browser, Sec_Fetch_Dest="iframe")
    page = post(browser, "/review/code", {"csrf": "of-another", "encounter": "e1"}, Sec_Fetch_Dest="iframe")
    assert page.status_code == 403 and may_be_framed(page)


def test_a_session_in_a_frame_and_one_in_a_window_stay_apart(site: Site, browser: FlaskClient) -> None:
    """Browsers that let cookies of others into frames send both there: neither may be taken for the other."""
    sign_in(site, browser, SIGNED_IN)
    sign_in(site, browser, Sec_Fetch_Dest="iframe")
    assert "From the EHR</dt><dd>main" in get(browser, "/review/", Sec_Fetch_Dest="iframe").text
    assert "From the EHR" not in get(browser, "/review/").text


def test_a_session_that_was_sealed_with_a_key_that_is_gone_is_over(site: Site, browser: FlaskClient) -> None:
    sign_in(site, browser)
    sealed_otherwise = Cipher(new_store_key()).seal("{}")
    with Session(site.store._writing) as session, session.begin():
        session.execute(update(SessionRow).values(content=sealed_otherwise))
    for path, status in (("/review/", 401), ("/review/left", 200)):
        assert get(browser, path).status_code == status
    assert sign_in(site, browser).status_code == 303 and get(browser, "/review/").status_code == 200


FILE = b'--y\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n' + b"a" * 70_000 + b"\r\n--y--\r\n"
BAD_FORMS = {
    "large": ({"data": "encounter=" + "a" * 70_000, "content_type": "application/x-www-form-urlencoded"}, 413),
    "large with a file": ({"data": FILE, "content_type": "multipart/form-data; boundary=y"}, 413),
    "many parts": ({"data": {f"n{number}": "" for number in range(1100)}, "content_type": "multipart/form-data"}, 413),
    "no form": ({"data": b"{", "content_type": "application/json"}, 403),
    "broken parts": ({"data": b"--x", "content_type": "multipart/form-data; boundary=y"}, 403),
}


@pytest.mark.parametrize(("form", "status"), BAD_FORMS.values(), ids=BAD_FORMS)
def test_a_form_that_cannot_be_ours_is_refused_on_a_page(site: Site, browser: FlaskClient, form: dict[str, Any], status: int) -> None:
    sign_in(site, browser, SIGNED_IN)
    for path in CHANGES:
        page = browser.post(path, base_url=OURS, headers={"Sec-Fetch-Site": "same-origin"}, **form)
        assert page.status_code == status and page.content_type.startswith("text/html"), path
        assert site.coder.requests == [], path


def test_the_end_of_a_session_is_told_in_its_frame(site: Site, browser: FlaskClient) -> None:
    sign_in(site, browser)
    site.clock.now += 901
    for path, status in (("/review/", 401), ("/review/left", 200)):
        page = get(browser, path)
        assert page.status_code == status and may_be_framed(page) and "Ada" not in page.text
        assert not may_be_framed(get(site.browser(), path))


@pytest.mark.parametrize("origin", ["https://ehr.example; script-src *", "*", "https://*", "'self'", "https://ehr.example/path", "data:"])
def test_an_origin_cannot_widen_the_policy(site: Site, browser: FlaskClient, origin: str) -> None:
    person = Person("Practitioner/7", "https://as.example", "sub-7", "Ada", ("coder",))
    session = site.sessions.begin(person, LAUNCHED, (origin,))
    browser.set_cookie(SESSION, session.id, domain="coder.example")
    assert get(browser, "/review/").headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")


def test_files_are_served_with_their_types(browser: FlaskClient) -> None:
    for path, kind in (
        ("/review/style.css", "text/css; charset=utf-8"),
        ("/review/icon.svg", "image/svg+xml"),
        ("/review/encounter.css", "text/css; charset=utf-8"),
        ("/review/app.js", "text/javascript; charset=utf-8"),
    ):
        answer = get(browser, path)
        assert (answer.status_code, answer.content_type, answer.headers["X-Content-Type-Options"]) == (200, kind, "nosniff")


def test_an_unknown_page_is_a_page(browser: FlaskClient) -> None:
    page = get(browser, "/review/../review/none")
    assert page.status_code == 404 and "Nothing here" in page.text and page.headers["X-Request-Id"] in page.text


# ---------------------------------------------------------------------------------------------------------------- sandbox

DEMO = ReviewSession("default", Person("sandbox", "this machine", "sandbox", "Sandbox", ("manager",)), "DEMO-TOKEN")


@pytest.mark.parametrize(
    ("base", "address", "status"),
    [
        ("http://127.0.0.1:8080", "127.0.0.1", 200),
        ("http://localhost:8080", "::1", 200),
        ("http://127.0.0.1:8080", "192.0.2.7", 401),
        ("http://rebound.example:8080", "127.0.0.1", 401),
        ("http://localhost.evil.example", "127.0.0.1", 401),
    ],
)
def test_the_demo_person_is_on_this_machine(tmp_path: Path, base: str, address: str, status: int) -> None:
    site = make_site(tmp_path, DEMO, can_sign_in=False)
    page = site.browser().get("/review/", base_url=base, environ_overrides={"REMOTE_ADDR": address})
    assert page.status_code == status and ("Everybody on this machine" in page.text) == (status == 200)


@pytest.mark.parametrize(
    "sign",
    [
        {"SERVER_PROTOCOL": "HTTP/1.0"},
        {"HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"HTTP_FORWARDED": "for=192.0.2.7"},
        {"HTTP_VIA": "1.1 proxy"},
    ],
    ids=["nginx as it comes", "X-Forwarded-For", "Forwarded", "Via"],
)
def test_whoever_comes_by_a_proxy_of_this_machine_is_not_the_demo_person(tmp_path: Path, sign: dict[str, str]) -> None:
    site = make_site(tmp_path, DEMO, can_sign_in=False)
    environ = {"REMOTE_ADDR": "127.0.0.1", **sign}
    page = site.browser().get("/review/", base_url="http://127.0.0.1:8080", environ_overrides=environ)
    form = {"csrf": "DEMO-TOKEN", "encounter": "e1"}
    coded = site.browser().post("/review/code", data=form, base_url="http://127.0.0.1:8080", environ_overrides=environ)
    assert (page.status_code, coded.status_code, site.coder.requests) == (401, 401, [])


@pytest.mark.parametrize(
    ("token", "site_of", "status"), [("DEMO-TOKEN", "same-origin", 303), ("", "same-origin", 403), ("DEMO-TOKEN", "cross-site", 403)]
)
def test_the_demo_person_is_protected_from_other_sites_too(tmp_path: Path, token: str, site_of: str, status: int) -> None:
    site = make_site(tmp_path, DEMO, can_sign_in=False)
    form = keyed({"csrf": token, "encounter": "e1"})
    page = site.browser().post("/review/code", data=form, base_url="http://localhost:8080", headers={"Sec-Fetch-Site": site_of})
    assert page.status_code == status and len(site.coder.requests) == (status == 303)


def test_without_a_way_in_there_is_no_launch(tmp_path: Path) -> None:
    site = make_site(tmp_path, DEMO, can_sign_in=False)
    assert get(site.browser(), "/launch?iss=a&launch=b").status_code == 404


def test_every_address_is_documented(site: Site) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "review.md").read_text(encoding="utf-8")
    ours = [rule.rule for rule in site.app.url_map.iter_rules() if rule.endpoint.startswith("review.")]
    methods = {rule: "POST" if rule in {*CHANGES, *ON_A_CODING} else "GET" for rule in ours}
    assert len(ours) == 47 and [rule for rule, method in methods.items() if f"| `{method} {rule}` |" not in page] == []
