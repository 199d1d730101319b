"""The worklist as people use it: what is listed for whom, what is done to rows, what comes back when somebody was faster, and the count."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert
from werkzeug.test import TestResponse
from werkzeug.wrappers import Request

from fhir_coder.audit.entry import Success
from fhir_coder.errors import EhrRefused
from fhir_coder.people import RoleRules
from fhir_coder.review.worklist_query import ListQuery, person_key, person_of
from fhir_coder.store.outbox_tables import OutboxRow
from fhir_coder.store.reviews import Checked, Maker
from fhir_coder.store.worklist import Filters, WorklistLine
from fhir_coder.worklist.decision import Act, Decision, Someone
from fhir_coder.worklist.review import State
from tests.review.conftest import LAUNCHED, SIGNED_IN, Site, csrf_of, get, post, sign_in

LIST = "/review/worklist"
ANN = Maker(Someone("Practitioner/ann", "https://ehr.invalid", "Ann Abel"))
USER = "user/Encounter.rs user/DocumentReference.rs"


@pytest.fixture
def browser(site: Site) -> FlaskClient:
    """A manager who signed in at the practice."""
    made = site.browser()
    sign_in(site, made, SIGNED_IN)
    return made


def line_of(site: Site, coding: str) -> WorklistLine:
    (found,) = site.worklist.lines("default", Filters(states=tuple(State), search=coding))
    return found


def change(site: Site, browser: FlaskClient, act: str, *codings: str, version: int | None = None, **fields: str) -> TestResponse:
    """One act on rows, on the versions that they have now."""
    rows = [f"{one}:{line_of(site, one).version if version is None else version}" for one in codings]
    form: dict[str, Any] = {"csrf": csrf_of(get(browser, LIST)), "query": "state=open", "act": act, "row": rows, **fields}
    return post(browser, f"{LIST}/change", form)


def listed(page: TestResponse) -> list[str]:
    assert page.status_code == 200, page.text
    return re.findall(r'class="open" href="/review/encounters/([0-9a-f]{32})"', page.text)


# -------------------------------------------------------------------------------------------------------------------- list


def test_the_list_shows_what_waits_and_what_is_known_of_it(site: Site, browser: FlaskClient) -> None:
    coding, north = site.save(patient="p7", reference="Encounter/visit-9"), site.save(tenant="north")
    page = get(browser, LIST)
    assert listed(page) == [coding] and north not in page.text
    shown = re.sub(r"<[^>]*>|\s+", " ", page.text)
    for word in ("visit-9", "p7", "R05.9", "Q87.89", "low probability", "advisory", "0 min", "Claim"):
        assert word in shown, word
    policy = page.headers["Content-Security-Policy"]
    assert "connect-src 'self'; " in policy and "trusted-types 'none'" in policy
    (entry,) = site.events("list-codings")[:1]
    assert dict(entry.detail) == {"view": "worklist", "count": "1"}


def test_the_address_narrows_sorts_and_turns_pages(site: Site, browser: FlaskClient) -> None:
    first, second = site.save(patient="p1"), site.save(patient="p2", ehr="other", reference="Encounter/e2")
    site.reviews.decide("default", first, 0, Decision(Act.HOLD, reason="note-incomplete"), ANN)
    for query, expected in {
        "state=open&sort=newest": [second, first],
        "state=held": [first],
        "q=p2": [second],
        "ehr=other": [second],
        "assigned=nobody&state=waiting": [second],
        "since=2099-01-01": [],
        "state=nonsense&severity=none&since=yesterday&page=-1&sort=x": [first, second],
        "page=9": [first, second],
    }.items():
        assert listed(get(browser, f"{LIST}?{query}")) == expected, query
    assert "held: a note is missing" in get(browser, f"{LIST}?state=held").text


def test_a_query_survives_its_way_through_an_address() -> None:
    full = ListQuery("held", "auth0|7|https://i.example", "blocking", "low-probability", "main", "2026-01-02", "", "p&1", "severity", 3)
    assert ListQuery.of(Request.from_values(query_string=full.text(page=3)).args) == full
    assert person_of(person_key(Someone("auth0|7", "https://i.example"))) == Someone("auth0|7", "https://i.example")


def test_a_launch_lists_its_patient_and_is_not_led_here(site: Site) -> None:
    mine, _ = site.save(), site.save(patient="p2", reference="Encounter/e2")
    browser = site.browser()
    sign_in(site, browser)
    assert listed(get(browser, LIST)) == [mine]
    assert f'href="{LIST}"' not in get(browser, "/review/").text


def test_where_the_ehr_decides_by_encounter_no_code_is_listed(site: Site) -> None:
    coding = site.save(patient="p77")
    browser = site.browser()
    sign_in(site, browser, replace(LAUNCHED, patient="", scope=USER))
    page = get(browser, LIST)
    assert listed(page) == [coding] and not any(word in page.text for word in ("R05.9", "p77", "advisory", "Findings", "sort=codes"))
    assert listed(get(browser, f"{LIST}?severity=blocking&reason=x")) == [coding], "what is not shown is not told by a filter either"
    site.ehr.error = EhrRefused("no", ehr_status=403)
    refused = change(site, browser, "claim", coding)
    assert refused.status_code == 404 and line_of(site, coding).assigned is None
    gone = post(browser, f"{LIST}/next", {"csrf": csrf_of(page), "query": ""})
    assert gone.headers["Location"].endswith("did=none")


def test_who_sees_no_codings_sees_no_list(site: Site) -> None:
    site.rules[("default", "")] = RoleRules(("administrator",))
    browser = site.browser()
    sign_in(site, browser, SIGNED_IN)
    assert [get(browser, one).status_code for one in (LIST, f"{LIST}/count")] == [403, 403]
    assert get(browser, "/review/").status_code == 200


def test_an_auditor_looks_and_changes_nothing(site: Site) -> None:
    coding = site.save()
    site.rules[("default", "")] = RoleRules(("auditor",))
    browser = site.browser()
    sign_in(site, browser, SIGNED_IN)
    page = get(browser, LIST)
    assert listed(page) == [coding] and 'name="row"' not in page.text and "Take the next" not in page.text
    for where in ("change", "next"):
        assert post(browser, f"{LIST}/{where}", {"csrf": csrf_of(page), "claim": f"{coding}:0"}).status_code == 403
    assert line_of(site, coding).assigned is None and [one.success for one in site.events("decide")] == [Success.REFUSED] * 2


# -------------------------------------------------------------------------------------------------------------------- acts


def test_to_claim_is_the_lock_and_the_assignment(site: Site, browser: FlaskClient) -> None:
    coding, other = site.save(), site.save(reference="Encounter/e2")
    page = post(browser, f"{LIST}/change", {"csrf": csrf_of(get(browser, LIST)), "query": "state=open&q=p1", "claim": f"{coding}:0"})
    assert page.status_code == 303 and page.headers["Location"] == f"{LIST}?state=open&q=p1&did=claim.1"
    claimed = line_of(site, coding)
    assert claimed.assigned and claimed.lock and claimed.lock.holder.is_same(claimed.assigned)
    assert listed(get(browser, f"{LIST}?assigned=me")) == [coding]
    shown = get(browser, page.headers["Location"]).text
    assert "Claimed: 1 encounter." in shown and "you until" in shown
    assert change(site, browser, "claim", coding, other).headers["Location"].endswith("did=claim.2")
    assert line_of(site, coding).version == 1, "what is one's own already is not assigned again"
    assert change(site, browser, "let-go", coding).status_code == 303 and line_of(site, coding).lock is None
    assert [dict(one.detail)["act"] for one in site.events("lock-review")] == ["take", "take", "take", "let-go"]


def test_what_is_signed_is_not_claimed_nor_locked_by_whom_it_is_assigned_to(site: Site, browser: FlaskClient) -> None:
    coding = site.save()
    change(site, browser, "claim", coding)
    me = line_of(site, coding).assigned
    assert me
    site.reviews.decide("default", coding, 1, Decision(Act.SIGN_OFF), Maker(me), Checked(frozenset(), ()))
    form = {"csrf": csrf_of(get(browser, LIST)), "query": "state=signed", "claim": f"{coding}:2"}
    refused = post(browser, f"{LIST}/change", form)
    assert refused.status_code == 409 and "The review is signed: reopen it" in refused.text
    assert line_of(site, coding).lock is None


def test_rows_are_assigned_held_and_released(site: Site, browser: FlaskClient) -> None:
    one, two = site.save(), site.save(reference="Encounter/e2")
    site.reviews.decide("default", one, 0, Decision(Act.COMMENT, text="seen"), ANN)
    key = person_key(ANN.person)
    assert f'value="{key}"' in get(browser, LIST).text, "who decided before is offered"
    assert change(site, browser, "assign", one, two, to=key).status_code == 303
    assert [line_of(site, coding).assigned for coding in (one, two)] == [ANN.person] * 2
    assert listed(get(browser, f"{LIST}?assigned={key}")) == [one, two]
    change(site, browser, "assign", two, to="nobody")
    change(site, browser, "assign", one, to="me", to_id="Practitioner/new")
    assert line_of(site, two).assigned is None
    assert (line_of(site, one).assigned or ANN.person).id == "Practitioner/new"
    assert change(site, browser, "hold", one, two, reason="other", words="waits for the lab").status_code == 303
    assert {line_of(site, coding).hold_reason for coding in (one, two)} == {"other"}
    assert change(site, browser, "release", one).status_code == 303 and line_of(site, one).state is State.WAITING


def test_who_was_slower_is_told_at_the_row_and_loses_nothing(site: Site, browser: FlaskClient) -> None:
    taken, changed, free = site.save(), site.save(reference="Encounter/e2"), site.save(reference="Encounter/e3")
    page = get(browser, LIST)
    site.reviews.take("default", taken, ANN)
    site.reviews.decide("default", changed, 0, Decision(Act.COMMENT, text="seen"), ANN)
    form = {"csrf": csrf_of(page), "query": "state=open", "act": "claim", "row": [f"{one}:0" for one in (taken, changed, free)]}
    page = post(browser, f"{LIST}/change", form)  # type: ignore[arg-type]
    assert (
        page.status_code == 409
        and page.text.count("FC109") == 2
        and page.text.count('role="alert"') == 3
        and "2 of 3 could not" in page.text
    )
    assert "Somebody else works on the review" in page.text and "Now: Ann Abel until" in page.text
    assert "at version 1, you saw 0" in page.text
    assert page.text.count(" checked") == 3, "refused rows stay chosen (and the box of the keys is on)"
    assert f'value="{changed}:1"' in page.text, "what is chosen now is the version that is shown now"
    assert line_of(site, changed).lock is None, "a refused claim leaves no lock"
    assert line_of(site, free).assigned and not line_of(site, taken).assigned


@pytest.mark.parametrize(
    ("act", "fields"),
    [
        ("hold", {"reason": "bored"}),
        ("hold", {"reason": "other", "words": " "}),
        ("assign", {"to": "x|y"}),
        ("burn", {}),
        ("claim", {"row": ""}),
    ],
)
def test_what_is_not_whole_changes_nothing_and_says_why(site: Site, browser: FlaskClient, act: str, fields: dict[str, str]) -> None:
    coding = site.save()
    page = change(site, browser, act, coding, **fields)
    assert page.status_code == 400 and 'role="alert"' in page.text and coding in page.text
    assert line_of(site, coding).version == 0 and line_of(site, coding).lock is None


def test_what_is_another_practices_is_changed_by_nobody_here(site: Site, browser: FlaskClient) -> None:
    north = site.save(tenant="north")
    token = csrf_of(get(browser, LIST))
    for row in (north, "0" * 32):
        assert post(browser, f"{LIST}/change", {"csrf": token, "claim": f"{row}:0"}).status_code == 404


def test_the_next_is_the_first_that_is_free(site: Site, browser: FlaskClient) -> None:
    held, anns, locked, free, last = (site.save(reference=f"Encounter/e{number}") for number in range(5))
    site.reviews.decide("default", held, 0, Decision(Act.HOLD, reason="note-incomplete"), ANN)
    site.reviews.decide("default", anns, 0, Decision(Act.ASSIGN, to=ANN.person), ANN)
    site.reviews.take("default", locked, ANN)
    token = csrf_of(get(browser, LIST))
    opened = [post(browser, f"{LIST}/next", {"csrf": token, "query": "state=open"}).headers["Location"] for _ in range(3)]
    assert opened == [f"/review/encounters/{free}", f"/review/encounters/{last}", f"{LIST}?state=open&did=none"]
    assert "Nothing is left to take" in get(browser, opened[-1]).text
    mine = post(browser, f"{LIST}/next", {"csrf": token, "query": "state=open&assigned=me"}).headers["Location"]
    assert mine.endswith("did=none"), "one's own that one works on is open elsewhere"


# ------------------------------------------------------------------------------------------------------------------- views


def keep(browser: FlaskClient, what: str, query: str = "state=held", **fields: str) -> TestResponse:
    return post(browser, f"{LIST}/views", {"csrf": csrf_of(get(browser, f"{LIST}?state=open")), "do": what, "query": query, **fields})


def view_of(page: str) -> str:
    return re.findall(r'name="view" value="([0-9a-f]{32})"', page)[0]


def test_a_view_is_kept_counted_opened_first_renamed_and_deleted(site: Site, browser: FlaskClient) -> None:
    coding = site.save()
    site.reviews.decide("default", coding, 0, Decision(Act.HOLD, reason="note-incomplete"), ANN)
    assert keep(browser, "save", "state=held&q=p1", name="  My   held ", first="yes").headers["Location"].endswith("did=saved")
    page = get(browser, LIST)
    assert page.status_code == 303 and page.headers["Location"] == f"{LIST}?state=held&q=p1"
    shown = get(browser, page.headers["Location"]).text
    assert re.search(r'aria-current="page">\s*<span class="view-name">My held.*?</span>\s*<span class="number">1<', shown, re.DOTALL)
    view = view_of(shown)
    keep(browser, "rename", view=view, name="Other name")
    assert "Other name" in get(browser, f"{LIST}?state=open").text
    keep(browser, "first", view="")
    assert get(browser, LIST).status_code == 200
    keep(browser, "delete", view=view)
    assert "Other name" not in get(browser, f"{LIST}?state=open").text
    assert [dict(one.detail)["act"] for one in site.events("change-view")] == ["saved", "renamed", "first", "deleted"]


def test_a_shared_view_is_everybodys_and_changed_by_its_owner_or_a_manager(site: Site, browser: FlaskClient) -> None:
    site.rules[("default", "")] = RoleRules(("coder",))
    coder = site.browser()
    sign_in(site, coder, replace(SIGNED_IN, subject="sub-8", fhir_user="Practitioner/8"))
    keep(browser, "save", "state=held&q=x", name="For all", shared="yes")
    keep(browser, "save", "state=held&q=y", name="For me")
    theirs = get(coder, f"{LIST}?state=held&q=x").text
    assert "For all" in theirs and "For me" not in theirs and 'value="rename"' not in theirs
    view = view_of(theirs)
    assert keep(coder, "delete", view=view).status_code == 404 and keep(coder, "first", view=view).status_code == 303
    assert keep(browser, "delete", view=view).status_code == 303, "the manager whose it is"
    assert get(coder, LIST).status_code == 200, "a view that is gone opens for nobody"


@pytest.mark.parametrize(
    ("what", "fields"), [("save", {"name": " "}), ("save", {"name": "x" * 61}), ("rename", {"view": "x"}), ("burn", {})]
)
def test_a_view_that_is_not_whole_is_refused(site: Site, browser: FlaskClient, what: str, fields: dict[str, str]) -> None:
    assert keep(browser, what, **fields).status_code == 400


# ------------------------------------------------------------------------------------------------------------- count, home


def test_the_count_tells_what_came_and_keeps_no_session_alive(site: Site, browser: FlaskClient) -> None:
    site.save()
    newest = re.search(r'data-newest="([^"]+)"', get(browser, LIST).text)
    assert newest
    address = f"{LIST}/count?state=open&after={newest[1].replace('+', '%2B')}"
    assert (get(browser, address).json or {})["new"] == 0
    site.save(reference="Encounter/e2"), site.save(tenant="north")
    told = get(browser, address).json or {}
    assert (told["count"], told["new"]) == (2, 1) and told["newest"] > newest[1]
    looked = len(site.audit)
    for _ in range(2):
        site.clock.now += 449
        assert get(browser, address).status_code == 200
    site.clock.now += 10
    assert get(browser, address).status_code == 401 and len(site.audit) == looked


def test_the_first_page_leads_to_the_list(site: Site, browser: FlaskClient) -> None:
    mine, _ = site.save(), site.save(reference="Encounter/e2")
    change(site, browser, "claim", mine)
    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", get(browser, "/review/").text))
    assert "waiting or held 2" in shown and "yours 1" in shown and "nobody’s 1" in shown and "Take the next" in shown


def test_where_a_coding_stands_with_billing_is_told(site: Site, browser: FlaskClient) -> None:
    coding = site.save()
    assert "Billing" not in get(browser, LIST).text
    texts = dict.fromkeys(("destination", "encounter_reference", "control_id", "frequency", "replaces", "acknowledgement"), "x")
    hashes = dict.fromkeys(("detail", "signed_sha256", "message_sha256"), "x")
    numbers = dict.fromkeys(("attempts", "created_s", "next_attempt_s", "claimed_s", "sent_s", "acknowledged_s"), 0)
    texts["frequency"] = "1"
    row = {"tenant": "default", "review": coding, "coding": coding, "is_void": False, **texts, **hashes, **numbers}
    with site.engine.execution_options(writes=True).begin() as connection:
        connection.execute(insert(OutboxRow).values(version=1, state="acknowledged", **row))
        connection.execute(insert(OutboxRow).values(version=2, state="failed", **row))
    assert "not delivered" in get(browser, LIST).text
