"""Coming in: launch, standalone launch, the practice's provider, the callback; and every way in which somebody else may try."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from fhir_coder.audit.entry import AgentKind, Success
from fhir_coder.errors import EhrUnavailable, LaunchDenied, LaunchFailed
from fhir_coder.people import RoleRules
from fhir_coder.throttle.counter_file import CounterFile
from fhir_coder.throttle.rates import Rates, Throttle, read_rates
from tests.review.conftest import (
    ISS,
    LAUNCHED,
    OURS,
    SCOPE,
    SIGNED_IN,
    Site,
    csrf_of,
    get,
    make_site,
    person_of,
    sign_in,
    state_of,
    way_in,
)

SESSION, BROWSER = "__Host-fhir-coder", "__Host-fhir-coder-sign-in"


def cookies(response) -> dict[str, str]:
    return {line.split("=")[0]: line for line in response.headers.getlist("Set-Cookie")}


def value_of(browser: FlaskClient, name: str) -> str:
    cookie = browser.get_cookie(name, domain="coder.example")
    return cookie.value if cookie else ""


def test_a_launch_comes_in_as_the_person_that_the_ehr_names(site: Site, browser: FlaskClient) -> None:
    back = sign_in(site, browser)
    assert (back.status_code, back.headers["Location"]) == (303, "/review/")
    assert site.flow.begun == [(ISS, f"{OURS}/callback", "xyz")]
    person = person_of(site, browser)
    assert (person.id, person.issuer, person.subject, person.roles) == ("Practitioner/7", "https://as.example", "sub-7", ("coder",))
    home = get(browser, "/review/")
    assert home.status_code == 200 and "Ada Coder" in home.text and "Coder" in home.text
    (entry,) = site.events("sign-in")
    assert (entry.agent.kind, entry.agent.id, entry.patient, entry.success) == (
        AgentKind.PERSON,
        "Practitioner/7",
        "Patient/p1",
        Success.DONE,
    )


def test_a_person_comes_in_by_the_practices_own_provider(site: Site, browser: FlaskClient) -> None:
    page = get(browser, "/sign-in")
    assert "/launch/standalone?tenant=default&amp;ehr=&amp;return_to=%2Freview%2F" in page.text.replace("/review/", "%2Freview%2F")
    sign_in(site, browser, replace(SIGNED_IN, fhir_user=""))
    assert person_of(site, browser).id == "sub-7"
    assert get(browser, "/review/").status_code == 200


@pytest.mark.parametrize("path", ["/sign-in", "/t/default/sign-in"])
def test_the_sign_in_page_offers_every_way_of_the_practice(browser: FlaskClient, path: str) -> None:
    page = get(browser, path)
    assert page.status_code == 200 and page.text.count("/launch/standalone?") == 2


def test_an_unknown_practice_looks_like_one_without_a_way_in(browser: FlaskClient) -> None:
    assert "no way to sign in" in get(browser, "/t/nobody/sign-in").text


REFUSED_LAUNCHES = {
    "unknown EHR": ("/launch?iss=https://evil.example/fhir&launch=x", 403),
    "EHR of another practice": ("/t/north/launch?iss=https://ehr.example/fhir&launch=x", 403),
    "unknown practice": ("/t/nobody/launch?iss=https://ehr.example/fhir&launch=x", 403),
    "inside the computer": ("/launch?iss=http://169.254.169.254/&launch=x", 403),
    "no iss": ("/launch?launch=x", 400),
    "no launch": ("/launch?iss=https://ehr.example/fhir", 400),
    "nothing": ("/launch", 400),
    "two iss": ("/launch?iss=https://ehr.example/fhir&iss=https://evil.example&launch=x", 400),
    "two launch": ("/launch?iss=https://ehr.example/fhir&launch=x&launch=y", 400),
    "header in iss": ("/launch?iss=https://ehr.example/fhir%0d%0aSet-Cookie:%20a=b&launch=x", 400),
    "header in launch": ("/launch?iss=https://ehr.example/fhir&launch=x%0d%0aX-Evil:%201", 400),
    "long iss": (f"/launch?iss=https://ehr.example/{'a' * 3000}&launch=x", 400),
    "long launch": (f"/launch?iss=https://ehr.example/fhir&launch={'a' * 3000}", 400),
    "unknown way": ("/launch/standalone?tenant=default&ehr=other", 404),
    "way of another practice": ("/launch/standalone?tenant=north", 404),
    "two tenants": ("/launch/standalone?tenant=north&tenant=default", 400),
}


@pytest.mark.parametrize(("path", "status"), REFUSED_LAUNCHES.values(), ids=REFUSED_LAUNCHES)
def test_a_launch_that_is_not_ours_ends_on_a_page_before_anybody_is_asked(site: Site, browser: FlaskClient, path: str, status: int) -> None:
    page = get(browser, path)
    assert page.status_code == status and page.content_type == "text/html; charset=utf-8"
    assert site.flow.begun == [] and cookies(page) == {}
    assert "evil" not in page.text.lower() and "X-Evil" not in page.headers
    assert "Request " in page.text


def test_a_launch_of_an_unknown_ehr_is_written_down(site: Site, browser: FlaskClient) -> None:
    get(browser, "/launch?iss=https://evil.example/fhir&launch=x")
    (entry,) = site.events("refused-launch")
    assert (entry.success, entry.agent.kind, dict(entry.detail)) == (Success.REFUSED, AgentKind.NOBODY, {"reason": "unknown-issuer"})


@pytest.mark.parametrize(("framed", "dest"), [(True, "iframe"), (False, "document"), (False, "")])
def test_both_cookies_hold_random_text_and_are_bound_to_us(site: Site, browser: FlaskClient, framed: bool, dest: str) -> None:
    headers = {"Sec_Fetch_Dest": dest} if dest else {}
    begun = get(browser, way_in(LAUNCHED), **headers)
    back = get(browser, f"/callback?code=c&state={state_of(begun)}", **headers)
    for response, name in ((begun, BROWSER), (back, SESSION)):
        line = cookies(response)[f"{name}-framed" if framed else name]
        attributes = {part.strip() for part in line.split(";")[1:]}
        assert {"Secure", "HttpOnly", "SameSite=None", "Path=/"} <= attributes and ("Partitioned" in attributes) == framed
        assert not any(part.startswith("Domain") for part in attributes)
        assert len(line.split(";")[0].split("=", 1)[1]) == 43


def test_nothing_of_the_ehrs_tokens_reaches_the_browser(site: Site, browser: FlaskClient) -> None:
    answers = [sign_in(site, browser), get(browser, "/review/"), get(browser, f"/review/encounters/{site.save()}")]
    for answer in answers:
        whole = answer.text + str(answer.headers)
        assert not any(word in whole for word in ("ACCESS-TOKEN", "REFRESH-TOKEN", "ID-TOKEN", "VERIFIER", "NONCE"))


# ------------------------------------------------------------------------------------------------------------------ state


def test_a_state_is_used_once(site: Site, browser: FlaskClient) -> None:
    state = state_of(get(browser, way_in(LAUNCHED)))
    assert get(browser, f"/callback?code=c&state={state}").status_code == 303
    again = get(browser, f"/callback?code=c&state={state}")
    assert again.status_code == 400 and len(site.flow.finished) == 1
    assert site.events("refused-sign-in")[0].detail["reason"] == "unknown-state"


def test_a_state_is_used_up_by_a_sign_in_that_failed(site: Site, browser: FlaskClient) -> None:
    site.flow.result = LaunchFailed("the id_token cannot be accepted")
    state = state_of(get(browser, way_in(LAUNCHED)))
    assert get(browser, f"/callback?code=c&state={state}").status_code == 502
    site.flow.result = LAUNCHED
    assert get(browser, f"/callback?code=c&state={state}").status_code == 400


def test_a_state_of_another_browser_is_worth_nothing_and_stays_theirs(site: Site, browser: FlaskClient) -> None:
    state = state_of(get(browser, way_in(LAUNCHED)))
    attacker = site.browser()
    get(attacker, way_in(LAUNCHED))
    stolen = get(attacker, f"/callback?code=c&state={state}")
    assert stolen.status_code == 400 and site.flow.finished == [] and SESSION not in cookies(stolen)
    assert get(browser, f"/callback?code=c&state={state}").status_code == 303


def test_a_callback_without_a_cookie_says_what_may_be_wrong(site: Site, browser: FlaskClient) -> None:
    state = state_of(get(site.browser(), way_in(LAUNCHED)))
    page = get(browser, f"/callback?code=c&state={state}")
    assert page.status_code == 400 and "allow cookies" in page.text


@pytest.mark.parametrize("query", ["code=c", "code=c&state=", "code=c&state=unknown", "", "state=a&state=b", f"state={'s' * 3000}"])
def test_a_callback_without_its_state_is_refused(site: Site, browser: FlaskClient, query: str) -> None:
    get(browser, way_in(LAUNCHED))
    assert get(browser, f"/callback?{query}").status_code == 400
    assert site.flow.finished == []


def test_a_sign_in_may_take_ten_minutes(site: Site, browser: FlaskClient) -> None:
    states = [state_of(get(browser, way_in(LAUNCHED))) for _ in range(2)]
    site.clock.now += 600
    assert get(browser, f"/callback?code=c&state={states[0]}").status_code == 303
    site.clock.now += 1
    assert get(browser, f"/callback?code=c&state={states[1]}").status_code == 400


def test_tabs_have_states_of_their_own(site: Site, browser: FlaskClient) -> None:
    states = [state_of(get(browser, way_in(LAUNCHED))) for _ in range(3)]
    assert [get(browser, f"/callback?code=c&state={state}").status_code for state in (states[1], states[0], states[2])] == [303] * 3


def test_a_browser_cannot_fill_the_store_with_beginnings(site: Site, browser: FlaskClient) -> None:
    states = [state_of(get(browser, way_in(LAUNCHED))) for _ in range(20)]
    assert get(browser, f"/callback?code=c&state={states[3]}").status_code == 400
    assert get(browser, f"/callback?code=c&state={states[4]}").status_code == 303


# --------------------------------------------------------------------------------------------------------------- fixation


def test_signing_in_makes_a_new_session_and_ends_the_old_one(site: Site, browser: FlaskClient) -> None:
    sign_in(site, browser)
    before = value_of(browser, SESSION)
    sign_in(site, browser)
    assert value_of(browser, SESSION) != before and site.sessions.find(before) is None


@pytest.mark.parametrize("planted", ["A" * 43, "x", "", "../../etc", "A" * 3000])
def test_a_planted_session_id_is_never_taken_over(site: Site, browser: FlaskClient, planted: str) -> None:
    browser.set_cookie(SESSION, planted, domain="coder.example")
    assert get(browser, "/review/").status_code == 401
    sign_in(site, browser)
    assert value_of(browser, SESSION) != planted
    assert get(browser, "/review/").status_code == 200


def test_what_binds_a_sign_in_is_no_session(site: Site, browser: FlaskClient) -> None:
    get(browser, way_in(LAUNCHED))
    browser.set_cookie(SESSION, value_of(browser, BROWSER), domain="coder.example")
    assert get(browser, "/review/").status_code == 401


# ------------------------------------------------------------------------------------------------------------------ people


def test_somebody_without_a_role_is_told_so(site: Site, browser: FlaskClient) -> None:
    site.rules["default", "main"] = RoleRules(people={"Practitioner/8": ("coder",)})
    page = sign_in(site, browser)
    assert page.status_code == 403 and "no role" in page.text and SESSION not in cookies(page)
    assert site.events("refused-sign-in")[0].detail["reason"] == "FC104"


def test_a_token_that_names_nobody_lets_nobody_in(site: Site, browser: FlaskClient) -> None:
    page = sign_in(site, browser, replace(LAUNCHED, subject="", fhir_user=""))
    assert page.status_code == 403 and get(browser, "/review/").status_code == 401


def test_roles_come_from_the_providers_claim(site: Site, browser: FlaskClient) -> None:
    site.rules["default", ""] = RoleRules(claim="groups", by_value={"audit-team": ("auditor",)})
    sign_in(site, browser, replace(SIGNED_IN, claims={"groups": ["staff", "audit-team"]}))
    assert person_of(site, browser).roles == ("auditor",)


def test_nobody_comes_in_whose_sign_in_cannot_be_written_down(site: Site, browser: FlaskClient) -> None:
    begun = get(browser, way_in(LAUNCHED))
    site.audit_error.append(OSError("disk full"))
    page = get(browser, f"/callback?code=c&state={state_of(begun)}")
    assert page.status_code == 500 and SESSION not in cookies(page) and "disk" not in page.text


def test_what_the_sign_in_server_says_is_shown_and_escaped(site: Site, browser: FlaskClient) -> None:
    site.flow.result = LaunchDenied("the sign-in was refused", oauth_error="access_denied", description="<script>alert(1)</script>")
    page = get(browser, f"/callback?error=access_denied&state={state_of(get(browser, way_in(LAUNCHED)))}")
    assert page.status_code == 403 and "access_denied" in page.text
    assert "<script" not in page.text and "&lt;script&gt;" in page.text


# ------------------------------------------------------------------------------------------------------------- where to go

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example",
    "/review/../../evil",
    "/review//evil.example",
    "javascript:alert(1)",
    "/review/%0d%0aSet-Cookie: a=b",
    "/sign-out",
    "/review/x?next=https://evil.example",
    "review/",
]


@pytest.mark.parametrize("return_to", ELSEWHERE)
def test_a_sign_in_leads_to_our_pages_only(site: Site, browser: FlaskClient, return_to: str) -> None:
    site.flow.result = SIGNED_IN
    begun = get(browser, f"/launch/standalone?tenant=default&return_to={quote(return_to)}")
    back = get(browser, f"/callback?code=c&state={state_of(begun)}")
    assert back.headers["Location"] == "/review/"


def test_a_sign_in_leads_to_the_page_that_was_asked_for(site: Site, browser: FlaskClient) -> None:
    coding = site.save()
    site.flow.result = SIGNED_IN
    begun = get(browser, f"/launch/standalone?tenant=default&return_to=/review/encounters/{coding}")
    assert get(browser, f"/callback?code=c&state={state_of(begun)}").headers["Location"] == f"/review/encounters/{coding}"


def test_a_control_character_in_return_to_is_refused(site: Site, browser: FlaskClient) -> None:
    page = get(browser, "/launch/standalone?tenant=default&return_to=/review/%0d%0aSet-Cookie:%20a=b")
    assert page.status_code == 400 and site.flow.begun == []


# ------------------------------------------------------------------------------------------------------------------ banner

PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [{"use": "old", "family": "Before"}, {"family": "<b>Roe</b>", "given": ["Jane", "Q"]}],
    "birthDate": "1980-06-02",
    "gender": "female",
}


def test_the_banner_is_shown_where_the_ehr_asks_for_it(site: Site, browser: FlaskClient) -> None:
    site.ehr.resources["Patient/p1"] = PATIENT
    sign_in(site, browser, replace(LAUNCHED, need_patient_banner=True))
    page = get(browser, "/review/").text
    assert "&lt;b&gt;Roe&lt;/b&gt;, Jane Q" in page and "1980-06-02" in page and "<b>Roe" not in page


def test_the_banner_is_not_shown_where_the_ehr_shows_it(site: Site, browser: FlaskClient) -> None:
    sign_in(site, browser)
    assert 'aria-label="Patient"' not in get(browser, "/review/").text and site.ehr.reads == []


@pytest.mark.parametrize("scope", [SCOPE, "patient/Encounter.r patient/DocumentReference.rs"], ids=["EHR fails", "scope missing"])
def test_a_banner_that_cannot_be_read_names_the_id(site: Site, browser: FlaskClient, scope: str) -> None:
    site.ehr.error = EhrUnavailable("the EHR does not answer")
    assert sign_in(site, browser, replace(LAUNCHED, need_patient_banner=True, scope=scope)).status_code == 303
    assert "Patient/p1" in get(browser, "/review/").text


def test_a_change_of_the_patient_is_told_and_closes_pages_of_the_earlier(site: Site, browser: FlaskClient) -> None:
    sign_in(site, browser)
    earlier = csrf_of(get(browser, "/review/"))
    sign_in(site, browser, replace(LAUNCHED, patient="p2"))
    page = get(browser, "/review/")
    assert "The patient changed" in page.text and csrf_of(page) != earlier
    late = browser.post("/review/code", data={"csrf": earlier, "encounter": "e1"}, base_url=OURS)
    assert late.status_code == 403 and "another patient" in late.text and site.coder.requests == []


# -------------------------------------------------------------------------------------------------------- strangers and floods


@pytest.mark.parametrize("tenant", ["nobody", "%00", "a" * 900, "%E2%80%AEevil"])
def test_a_practice_that_there_is_not_is_not_written_down(site: Site, browser: FlaskClient, tenant: str) -> None:
    assert get(browser, f"/t/{tenant}/launch?iss={ISS}&launch=x").status_code == 403
    assert [entry.tenant for entry in site.events("refused-launch")] == [""]
    assert get(browser, f"/t/north/launch?iss={ISS}&launch=x").status_code == 403
    assert site.events("refused-launch")[-1].tenant == "north"


@pytest.mark.parametrize("path", ["/t/north/callback", "/t/nobody/callback"])
def test_an_answer_at_the_callback_of_another_practice_is_refused_before_its_code_is_sent_anywhere(
    site: Site, browser: FlaskClient, path: str
) -> None:
    """A practice's server that has another's code sent to our callback would be given that code (RFC 9700 section 4.4, mix-up)."""
    begun = get(browser, way_in(LAUNCHED))
    assert get(browser, f"{path}?code=c&state={state_of(begun)}").status_code == 400
    assert site.flow.finished == [] and value_of(browser, SESSION) == ""
    assert [dict(entry.detail) for entry in site.events("refused-sign-in")] == [{"reason": "callback-of-another-tenant"}]
    assert get(browser, f"/callback?code=c&state={state_of(begun)}").status_code == 400  # used


def test_a_practice_has_its_own_callback(site: Site, browser: FlaskClient) -> None:
    north = replace(LAUNCHED, tenant="north", issuer="https://north.example/fhir")
    assert sign_in(site, browser, north).status_code == 303
    assert site.flow.begun[0][1] == f"{OURS}/t/north/callback"


@pytest.mark.parametrize("fhir_user", ["Patient/p1", "RelatedPerson/r1"])
def test_a_patient_is_no_coder_unless_named(site: Site, browser: FlaskClient, fhir_user: str) -> None:
    """A patient portal may share the EHR's authorization server, and ``launch.role`` is for its staff."""
    assert sign_in(site, browser, replace(LAUNCHED, fhir_user=fhir_user)).status_code == 403
    (entry,) = site.events("refused-sign-in")
    assert (entry.agent.kind, entry.agent.id, entry.agent.issuer) == (AgentKind.PERSON, fhir_user, "https://as.example")
    site.rules["default", "main"] = RoleRules(people={fhir_user: ("coder",)})
    assert sign_in(site, browser, replace(LAUNCHED, fhir_user=fhir_user)).status_code == 303


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[Site]:
    """A site that lets each caller in three times a minute, and lets two refusals pass."""
    rates = Rates(read_rates("3/minute"), read_rates("2/minute"))
    made = make_site(tmp_path, throttle=Throttle(CounterFile(tmp_path / "rates.sqlite", lambda: 1_000_000.0), rates))
    yield made
    made.repository.close()


@pytest.mark.parametrize("path", [f"/launch?iss={ISS}&launch=x", "/launch/standalone", "/callback?state=s&code=c"])
def test_whoever_begins_too_often_is_told_on_a_page_when_to_come_again(narrow: Site, path: str) -> None:
    pages = [get(narrow.browser(), path) for _ in range(5)]
    last = pages[-1]
    assert (last.status_code, last.content_type) == (429, "text/html; charset=utf-8") and "Too often" in last.text
    assert int(last.headers["Retry-After"]) >= 1 and len(narrow.flow.begun) <= 3


def test_a_flood_of_refused_launches_does_not_fill_the_audit(narrow: Site) -> None:
    answers = [get(narrow.browser(), "/launch?iss=https://evil.example/fhir&launch=x").status_code for _ in range(9)]
    assert answers == [403, 403] + [429] * 7
    assert len(narrow.audit) == 2


def test_a_person_who_opens_pages_too_often_is_told_in_the_frame_and_nothing_is_written_down(narrow: Site) -> None:
    browser = narrow.browser()
    sign_in(narrow, browser, Sec_Fetch_Dest="iframe")
    pages = [get(browser, "/review/", Sec_Fetch_Dest="iframe") for _ in range(6)]
    assert [page.status_code for page in pages] == [200] * 3 + [429] * 3
    assert pages[-1].headers["Content-Security-Policy"].endswith("frame-ancestors https://ehr.example")
    assert len(narrow.events("list-codings")) == 3
