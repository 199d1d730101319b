"""A form that makes a coding makes one, however it is sent: twice, at once, after a failure, too late, without its key, or changed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.audit.fhir_event import Observer
from fhir_coder.errors import EhrUnavailable, InvalidContent
from fhir_coder.exchange import CodingRequest, CodingResult
from fhir_coder.model import Note
from fhir_coder.people import Person
from fhir_coder.review.rendering import Pages
from fhir_coder.review.sending_once import KEY_FIELD, SendingOnce
from fhir_coder.review.session import ReviewSession
from fhir_coder.store.audit import AuditLog
from fhir_coder.store.deletion import Deletion
from fhir_coder.store.sent_forms import KEPT, SentForms
from tests.review.conftest import LAUNCHED, SIGNED_IN, Clock, Site, csrf_of, get, keyed, post, sign_in


def form_of(site: Site, browser: FlaskClient) -> dict[str, str]:
    """The form of the first page of somebody who came from an EHR, filled."""
    sign_in(site, browser, LAUNCHED)
    page = get(browser, "/review/")
    key = page.text.split(f'name="{KEY_FIELD}" value="')[1].split('"')[0]
    return {"csrf": csrf_of(page), KEY_FIELD: key, "encounter": "e1"}


def send(browser: FlaskClient, form: dict[str, str]) -> TestResponse:
    return post(browser, "/review/code", form)


def codings(site: Site) -> int:
    return len(site.repository.recent("default", 99))


def test_the_second_sending_leads_to_the_coding_of_the_first(site: Site, browser: FlaskClient) -> None:
    form = form_of(site, browser)
    first, second = send(browser, form), send(browser, form)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"] and codings(site) == 1
    assert len(site.events("code-encounter")) == 1


def test_two_that_arrive_at_once_make_one_coding(site: Site, browser: FlaskClient) -> None:
    form, begun, go_on, code = form_of(site, browser), threading.Event(), threading.Event(), site.coder.code

    def slow(coding: CodingRequest) -> CodingResult:
        begun.set()
        assert go_on.wait(20)
        return code(coding)

    site.coder.code = slow  # type: ignore[method-assign]
    cookie = browser.get_cookie("__Host-fhir-coder", domain="coder.example")
    assert cookie
    with ThreadPoolExecutor(2) as pool:
        browsers = [site.browser(), site.browser()]
        for one in browsers:
            one.set_cookie("__Host-fhir-coder", cookie.value, domain="coder.example", secure=True)
        first = pool.submit(send, browsers[0], form)
        assert begun.wait(20)
        second = pool.submit(send, browsers[1], form)
        with pytest.raises(TimeoutError):
            second.result(0.3)
        go_on.set()
        answers = [first.result(20), second.result(20)]
    assert {one.status_code for one in answers} == {303} and len({one.headers["Location"] for one in answers}) == 1
    assert codings(site) == len(site.coder.requests) == 1


def test_who_waits_too_long_is_told(site: Site, browser: FlaskClient) -> None:
    form = form_of(site, browser)
    once = waits_no_longer_than(site, 0.1)
    session = site.sessions.find(browser.get_cookie("__Host-fhir-coder", domain="coder.example").value)  # type: ignore[union-attr]
    assert session
    name = once.name(session, MultiDict(form))
    with site.app.test_request_context(), SentForms(site.engine).one_at_a_time("default", name) as is_held:
        assert is_held
        answer = once.first(session, name, lambda: pytest.fail("it is coded by another"))
    assert answer.status_code == 409 and "It is being coded" in answer.get_data(as_text=True)


def waits_no_longer_than(site: Site, seconds: float) -> SendingOnce:
    return SendingOnce(SentForms(site.engine, seconds), Pages("", 15), lambda: datetime.fromtimestamp(site.clock(), UTC))


def test_where_both_were_coded_the_database_keeps_one(site: Site, browser: FlaskClient) -> None:
    """The first came from a server whose lock ours does not see."""
    form, code = form_of(site, browser), site.coder.code

    def overtaken(coding: CodingRequest) -> CodingResult:
        code(coding)
        return code(coding)

    site.coder.code = overtaken  # type: ignore[method-assign]
    answer = send(browser, form)
    (line,) = site.repository.recent("default", 99)
    assert answer.status_code == 303 and answer.headers["Location"].endswith(line.id)


def test_what_failed_is_tried_again(site: Site, browser: FlaskClient) -> None:
    form = form_of(site, browser)
    site.coder.error = EhrUnavailable("away")
    assert send(browser, form).status_code == 502
    site.coder.error = None
    assert send(browser, form).status_code == 303 and codings(site) == 1


def test_something_else_with_the_same_form_is_something_else(site: Site, browser: FlaskClient) -> None:
    """Who goes back, names another encounter and sends the form means that one."""
    form = form_of(site, browser)
    first, other = send(browser, form), send(browser, form | {"encounter": "e2"})
    assert other.status_code == 303 and first.headers["Location"] != other.headers["Location"]
    assert [one.encounter_id for one in site.coder.requests] == ["e1", "e2"]


MADE_UP: dict[str, Callable[[str], dict[str, Any]]] = {
    "none": lambda key: {},
    "empty": lambda key: {KEY_FIELD: ""},
    "a word": lambda key: {KEY_FIELD: "x" * 300},
    "two": lambda key: {KEY_FIELD: [key, key]},
    "later": lambda key: {KEY_FIELD: "9" + key},
    "other letters": lambda key: {KEY_FIELD: key[:-1] + "é"},
    "other digits": lambda key: {KEY_FIELD: "١" + key},
    "cut": lambda key: {KEY_FIELD: key[:-1]},
}


@pytest.mark.parametrize("made", MADE_UP.values(), ids=MADE_UP)
def test_a_key_that_no_page_showed_is_told(site: Site, browser: FlaskClient, made: Callable[[str], dict[str, Any]]) -> None:
    form = form_of(site, browser)
    page = send(browser, {"csrf": form["csrf"], "encounter": "e1", **made(form[KEY_FIELD])})
    assert page.status_code == 400 and "open the page again" in page.text and site.coder.requests == []


def test_a_form_that_was_open_too_long_is_told() -> None:
    session, at = ReviewSession("default", Person("7", "issuer", "7"), "CSRF"), Clock.now
    once = SendingOnce(None, None, lambda: datetime.fromtimestamp(at, UTC))  # type: ignore[arg-type]
    field = once.field()
    form = MultiDict({field["name"]: field["value"]})
    at += KEPT.total_seconds()
    assert once.name(session, form)
    at += 1
    with pytest.raises(InvalidContent, match="open for more than 7 days"):
        once.name(session, form)


def test_what_was_deleted_is_not_made_again_by_its_form(site: Site, browser: FlaskClient) -> None:
    form = form_of(site, browser)
    assert send(browser, form).status_code == 303
    deletion = Deletion(site.engine, AuditLog(site.engine, Observer("coder.example")))
    assert deletion.delete("default", "Encounter/e1", "", "on request", Agent(AgentKind.OPERATOR, "root")) == 1
    page = send(browser, form)
    assert page.status_code == 409 and "It was coded, and deleted" in page.text and codings(site) == 0
    assert send(browser, keyed({"csrf": form["csrf"], "encounter": "e1"})).status_code == 303


def test_who_signs_in_again_sends_the_same_form_and_nobody_else_does(site: Site, browser: FlaskClient) -> None:
    form = form_of(site, browser)
    first = send(browser, form)
    sign_in(site, browser, LAUNCHED)
    mine = send(browser, form | {"csrf": csrf_of(get(browser, "/review/"))})
    sign_in(site, browser, replace(LAUNCHED, fhir_user="Practitioner/8", subject="sub-8"))
    theirs = send(browser, form | {"csrf": csrf_of(get(browser, "/review/"))})
    assert first.headers["Location"] == mine.headers["Location"] != theirs.headers["Location"]


def test_an_answer_is_looked_for_once(site: Site, browser: FlaskClient) -> None:
    coding, form = site.save(), {"csrf": form_of(site, browser)["csrf"]}
    site.notes_now[:] = [Note(id="addendum", text="Systolic heart failure.")]
    first, second = (post(browser, f"/review/encounters/{coding}/look-again", form) for _ in range(2))
    assert first.status_code == 303 and first.headers["Location"] == second.headers["Location"]
    site.notes_now.append(Note(id="another", text="Diastolic heart failure."))
    third = post(browser, f"/review/encounters/{coding}/look-again", form)
    assert third.headers["Location"] != first.headers["Location"] and len(site.coder.requests) == 2


def test_each_page_has_a_key_of_its_own_and_none_where_nothing_is_coded(site: Site, browser: FlaskClient) -> None:
    assert form_of(site, browser)[KEY_FIELD] != form_of(site, browser)[KEY_FIELD]
    sign_in(site, browser, SIGNED_IN)
    assert KEY_FIELD not in get(browser, "/review/").text
