"""The page of a history: who did what with the codes before and after, for everybody who may see the coding and for nobody else."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from fhir_coder.people import RoleRules
from fhir_coder.store.reviews import Checked, Maker
from fhir_coder.worklist.decision import Act, Decision, Override, Someone
from tests.review.conftest import SIGNED_IN, Site, csrf_of, get, post, sign_in

BERT = Maker(Someone("Practitioner/bert", "https://login.example", "Bert <b>Bach</b>"))
DECISIONS = (
    Decision(Act.REPLACE, "Q87.89", instead="Q87.19", reason="more-specific"),
    Decision(Act.REJECT, "R05.9", reason="other", text="Says <script>alert(1)</script> nothing."),
    Decision(Act.UNDO),
    Decision(Act.MOVE, "Q87.19", position=1),
)


def decide(site: Site, coding: str, *decisions: Decision, checked: Checked | None = None) -> None:
    for one in decisions:
        found = site.reviews.find("default", coding)
        assert found
        site.reviews.decide("default", coding, found.review.version, one, BERT, checked or Checked())


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_everybody_in_sight_sees_who_did_what(site: Site, browser: FlaskClient) -> None:
    coding = site.save()
    blocking = Checked(frozenset({"FCE301 R05.9"}))
    decide(site, coding, *DECISIONS)
    decide(site, coding, Decision(Act.SIGN_OFF, overrides=(Override("FCE301 R05.9", "payer-rule"),)), checked=blocking)
    sign_in(site, browser)  # a coder, without the right to see others' work
    page = get(browser, f"/review/encounters/{coding}/history")
    told = words(page.text)
    assert page.status_code == 200 and "<script>" not in page.text and "<b>" not in page.text
    assert "replaced Q87.89 by Q87.19" in told and "The note says more than the code" in told
    assert "Before R05.9 Q87.89 After R05.9 Q87.19" in told
    assert "took back decision 2" in told and "taken back later" in told and "Before Q87.19 After R05.9 Q87.19" in told
    assert "Before R05.9 Q87.19 After Q87.19 R05.9" in told and "Place 2 → 1" in told
    assert "FCE301 R05.9 was overridden: A rule of the payer" in told
    assert "without being accepted one by one R05.9" in told and "State waiting → signed" in told
    assert [entry.event for entry in site.audit][-1] == "read-history"


def test_what_is_out_of_sight_is_unknown_and_written_down(site: Site, browser: FlaskClient) -> None:
    others = [site.save(patient="p2"), site.save(tenant="north"), "0" * 32, "x"]
    sign_in(site, browser)
    assert [get(browser, f"/review/encounters/{one}/history").status_code for one in others] == [404] * 4
    assert [one.success.value for one in site.events("read-history")] == ["4"] * 4


def test_a_coding_behind_glass_shows_its_history_once_it_is_broken(site: Site, browser: FlaskClient) -> None:
    site.rules["default", ""] = RoleRules(("administrator",))
    coding = site.save()
    sign_in(site, browser, SIGNED_IN)
    path = f"/review/encounters/{coding}/history"
    assert get(browser, path).status_code == 404
    token = csrf_of(get(browser, "/review/"))
    assert post(browser, "/review/break-glass", {"csrf": token, "coding": coding, "reason": "A complaint came in today"}).status_code == 303
    assert "The glass is broken" in get(browser, path).text
    assert site.events("read-history")[-1].purpose == "BTG"


def test_a_later_coding_is_named(site: Site, browser: FlaskClient) -> None:
    earlier, later = site.save(), site.save()
    sign_in(site, browser)
    assert f"/review/encounters/{later}" in get(browser, f"/review/encounters/{earlier}/history").text
