"""Second reviews on the pages: who may, that nothing of the first result is shown before, the comparison after, and the floor that stops passing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fhir_coder.code_search.searching import Found
from fhir_coder.model import Outcome
from fhir_coder.people import RoleRules
from fhir_coder.smart.launch.launched import Launched
from fhir_coder.store.reviews import Maker
from fhir_coder.worklist.decision import Act, Decision, Someone
from fhir_coder.worklist.review import State
from terminology.release import Catalogue, Release
from tests.review.conftest import SIGNED_IN, Site, csrf_of, get, make_site, post, sign_in

ANNA = replace(SIGNED_IN, subject="sub-anna", fhir_user="Practitioner/anna", name="Anna Abel")
BERT = replace(SIGNED_IN, subject="sub-bert", fhir_user="Practitioner/bert", name="=Bert Bach")
BOSS = replace(SIGNED_IN, subject="sub-boss", fhir_user="Practitioner/boss", name="Bea Boss")
FIRST = ("R05.9", "Q87.89", "R50.9", "Cough, unspecified", "FCE120", "Twice.", "0.8125", "81.2")
"""Whatever would tell of the first result."""


class OneCode:
    """Finds a header and a code for everything."""

    def search(self, query: str, release: Release, most: int = 20) -> tuple[Found, ...]:
        return (Found("I10", "Essential (primary) hypertension", True, "phrase"), Found("N18", "<b>", False, "title"))


@pytest.fixture
def site(tmp_path: Path, release: Release) -> Iterator[Site]:
    made = make_site(tmp_path, catalogue=Catalogue([release]), codes=OneCode())
    made.rules["default", ""] = RoleRules(
        people={"Practitioner/boss": ("manager",), "Practitioner/anna": ("second-reviewer",), "Practitioner/bert": ("second-reviewer",)}
    )
    yield made
    made.repository.close()


def come(site: Site, launched: Launched) -> tuple[FlaskClient, str]:
    browser = site.browser()
    sign_in(site, browser, launched)
    return browser, csrf_of(get(browser, "/review/"))


def begin(browser: FlaskClient, token: str, coding: str) -> TestResponse:
    return post(browser, f"/review/second/{coding}/begin", {"csrf": token})


def hand_in(browser: FlaskClient, token: str, coding: str, *codes: str) -> TestResponse:
    assert begin(browser, token, coding).status_code == 303
    form = {"csrf": token, "do": "hand-in", "code": list(codes)}
    return post(browser, f"/review/second/{coding}/codes", form)  # type: ignore[arg-type]


def test_the_second_coder_sees_the_notes_and_nothing_of_the_first_result(site: Site) -> None:
    coding, again = site.save(outcome=Outcome.PASS), site.save()
    browser, token = come(site, ANNA)
    listed = get(browser, "/review/second")
    assert f"/review/second/{coding}" in listed.text and not any(one in listed.text for one in FIRST)
    offered = get(browser, f"/review/second/{coding}")
    assert "Begin" in offered.text and "Zwiebelkuchen" not in offered.text
    assert begin(browser, token, coding).status_code == 303
    page = get(browser, f"/review/second/{coding}")
    assert "Zwiebelkuchen syndrome with cough" in page.text and "<mark" not in page.text
    assert not any(one in page.text for one in FIRST)
    closed = [f"/review/encounters/{one}{part}" for one in (coding, again) for part in ("", "/history")]
    answers = [get(browser, path) for path in closed]
    assert [one.status_code for one in answers] == [403] * 4
    assert all("second time" in one.text and not any(word in one.text for word in FIRST) for one in answers)
    assert [entry.event for entry in site.audit if entry.event.endswith("second-review")] == ["begin-second-review", "open-second-review"]
    post(browser, f"/review/second/{coding}/let-go", {"csrf": token})
    assert get(browser, f"/review/encounters/{coding}").status_code == 200  # and now Anna has seen it
    assert begin(browser, token, coding).status_code == 403


def test_codes_are_looked_up_put_in_order_and_compared(site: Site) -> None:
    coding = site.save(outcome=Outcome.PASS)
    browser, token = come(site, ANNA)
    begin(browser, token, coding)
    path = f"/review/second/{coding}/codes"

    def step(do: str, *codes: str, q: str = "") -> str:
        return post(browser, path, {"csrf": token, "do": do, "q": q, "code": list(codes)}).text  # type: ignore[arg-type,dict-item]

    def kept(page: str) -> list[str]:
        return re.findall(r'name="code" value="([^"]+)"', page)

    found = step("find", "R05.9", q="high pressure")
    assert kept(found) == ["R05.9"] and 'value="add:I10"' in found and 'value="add:N18"' not in found and "&lt;b&gt;" in found
    assert kept(step("find", "R05.9", q="i10")) == ["R05.9", "I10"]  # a whole code is added at once
    assert kept(step("add:I10", "R05.9")) == ["R05.9", "I10"] and kept(step("add:I10", "I10")) == ["I10"]
    assert kept(step("up:I10", "R05.9", "I10")) == ["I10", "R05.9"] and kept(step("down:R05.9", "R05.9", "I10")) == ["I10", "R05.9"]
    assert kept(step("remove:I10", "R05.9", "I10")) == ["R05.9"] and kept(step("add:N18", "I10")) == ["I10"]
    assert post(browser, path, {"csrf": token, "do": "hand-in", "code": "N18"}).status_code == 400
    assert "The list is empty" in step("hand-in")
    assert site.second.count_waiting("default") == 1
    answer = post(browser, path, {"csrf": token, "do": "hand-in", "code": ["Q87.89", "I10"]})  # type: ignore[dict-item]
    assert answer.status_code == 303
    result = get(browser, answer.headers["Location"]).text
    assert "The codes differ" in result and "The first-listed code is another" in " ".join(result.split())
    assert get(browser, f"/review/encounters/{coding}").status_code == 200
    assert post(browser, path, {"csrf": token, "do": "hand-in", "code": "I10"}).status_code == 409
    done = site.second.find("default", coding)
    assert done and done.first == ("R05.9", "Q87.89") and done.second == ("Q87.89", "I10")


def test_rights_and_sight_hold(site: Site) -> None:
    coding, north = site.save(outcome=Outcome.PASS), site.save(tenant="north", outcome=Outcome.PASS)
    unseen = site.save(reference="Encounter/e2")
    coder = site.browser()
    sign_in(site, coder)  # launched as a coder
    assert [get(coder, path).status_code for path in ("/review/second", f"/review/second/{coding}", "/review/second/report")] == [403] * 3
    browser, token = come(site, ANNA)
    assert [get(browser, f"/review/second/{one}").status_code for one in (north, unseen, "0" * 32, "x")] == [404] * 4
    assert get(browser, "/review/second/report.csv").status_code == 403  # no right to export
    assert post(browser, "/review/second/lift", {"csrf": token, "reason": "It is all fine again"}).status_code == 403
    other, other_token = come(site, BERT)
    begin(browser, token, coding)
    assert begin(other, other_token, coding).status_code == 409
    assert "Zwiebelkuchen" not in get(other, f"/review/second/{coding}").text
    maker = Maker(Someone("Practitioner/boss", SIGNED_IN.id_issuer))
    site.reviews.decide("default", coding, 0, Decision(Act.COMMENT, text="Odd"), maker)
    post(browser, f"/review/second/{coding}/let-go", {"csrf": token})
    boss, boss_token = come(site, BOSS)
    assert begin(boss, boss_token, coding).status_code == 403  # decided on it


def test_disagreement_is_reported_reopened_and_stops_passing_until_it_is_lifted(site: Site) -> None:
    codings = [site.save(outcome=Outcome.PASS, reference=f"Encounter/e{number}") for number in range(2)]
    browser, token = come(site, BERT)
    hand_in(browser, token, codings[0], "R05.9", "Q87.89")
    hand_in(browser, token, codings[1], "I10")
    rule_says = "Nothing passes"
    boss, boss_token = come(site, BOSS)
    report = get(boss, "/review/second/report").text
    assert "the codes differ" in get(boss, f"/review/encounters/{codings[1]}/history").text
    assert rule_says in report and "1 of 2" in report and "57.1 %" in report  # 2 * 2 / 7
    assert f"/review/second/{codings[1]}" in report and f"/review/second/{codings[0]}" not in report
    rows = list(csv.reader(io.StringIO(get(boss, "/review/second/report.csv").text)))
    assert len(rows) == 3 and rows[1][4] == "'=Bert Bach" and {rows[1][10], rows[2][10]} == {"yes", "no"}
    assert get(boss, "/review/second/report?from=2020-01-01&to=x").status_code == 400
    reopened = post(boss, f"/review/second/{codings[1]}/reopen", {"csrf": boss_token, "text": "Another disease"})
    assert reopened.status_code == 303
    found = site.reviews.find("default", codings[1])
    assert found and found.review.state is State.WAITING and found.history[-1].decision.reason == "audit-finding"
    assert post(boss, f"/review/second/{codings[0]}/reopen", {"csrf": boss_token}).status_code == 409  # agrees
    assert post(boss, "/review/second/lift", {"csrf": boss_token, "reason": "short"}).status_code == 400
    assert post(boss, "/review/second/lift", {"csrf": boss_token, "reason": "Looked at every one of them"}).status_code == 303
    after = get(boss, "/review/second/report").text
    assert rule_says not in after and "Looked at every one of them" in after
    assert [turn.is_suspended for turn in site.passing.turns("default")] == [False, True]


def test_the_report_tells_nothing_of_an_encounter_that_was_drawn_again(site: Site) -> None:
    """Who reads it may begin the second review next."""
    browser, token = come(site, BERT)
    hand_in(browser, token, site.save(outcome=Outcome.PASS), "I10")
    boss, boss_token = come(site, BOSS)
    again = site.save(outcome=Outcome.PASS)
    table, page = get(boss, "/review/second/report.csv").text, get(boss, "/review/second/report").text
    assert len(table.splitlines()) == 1 and not any(code in table + page for code in ("R05.9", "Q87.89", "I10"))
    assert begin(boss, boss_token, again).status_code == 303
