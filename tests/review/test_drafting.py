"""Drafts and the state of a session over HTTP."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from fhir_coder.review.drafting import LONGEST_TEXT
from tests.review.conftest import Site, csrf_of, get, post, sign_in


def keep(browser: FlaskClient, coding: str, **form: str) -> tuple[int, bool]:
    given = {"csrf": csrf_of(get(browser, "/review/")), "act": "reject", "code": "R05.9", "text": "Not\r\nhers 👩🏽‍⚕️"} | form
    answer = post(browser, f"/review/encounters/{coding}/draft", given)
    return answer.status_code, bool((answer.get_json(silent=True) or {}).get("kept"))


def test_what_is_typed_comes_back_to_the_same_person(site: Site, browser: FlaskClient) -> None:
    coding = site.save()
    sign_in(site, browser)
    assert get(browser, f"/review/drafts/{coding}").get_json() == {}
    assert keep(browser, coding) == (200, True)
    assert get(browser, f"/review/drafts/{coding}").get_json() == {"act": "reject", "code": "R05.9", "text": "Not\nhers 👩🏽‍⚕️"}
    assert keep(browser, coding, text=" ") == (200, False)
    assert get(browser, f"/review/drafts/{coding}").get_json() == {}


@pytest.mark.parametrize("form", [{"act": "dance"}, {"text": "x" * (LONGEST_TEXT + 1)}, {"code": "x" * 17}], ids=["act", "text", "code"])
def test_a_draft_that_cannot_be_is_refused(site: Site, browser: FlaskClient, form: dict[str, str]) -> None:
    coding = site.save()
    sign_in(site, browser)
    assert keep(browser, coding, **form) == (400, False)


def test_a_draft_is_for_a_coding_in_sight_and_from_our_form(site: Site, browser: FlaskClient) -> None:
    elsewhere = site.save(patient="p2", reference="Encounter/e2")
    sign_in(site, browser)
    assert keep(browser, elsewhere)[0] == 404 and get(browser, f"/review/drafts/{elsewhere}").status_code == 404
    assert keep(browser, "no-id")[0] == 404
    assert keep(browser, site.save(), csrf="of another session")[0] == 403


def test_the_state_of_a_session_is_told_to_its_own_browser(site: Site, browser: FlaskClient) -> None:
    assert get(browser, "/review/session").status_code == 401
    sign_in(site, browser)
    assert get(browser, "/review/session").get_json() == {
        "person": {"id": "Practitioner/7", "issuer": "https://as.example"},
        "csrf": csrf_of(get(browser, "/review/")),
    }
    assert get(browser, "/review/session", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="cors").status_code == 403
