"""The token of a launch at the EHR: renewed in time, by one, and once after a refusal."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from fhir_coder.errors import EhrRefused
from fhir_coder.people import Person
from fhir_coder.review.launch_tokens import LaunchTokens
from fhir_coder.review.session import ReviewSession
from tests.review.conftest import LAUNCHED, Site, signed_out

PERSON = Person("Practitioner/7", "https://as.example", "sub-7", "Ada", ("coder",))


def begin(site: Site, **changes: object) -> ReviewSession:
    return site.sessions.begin(PERSON, replace(LAUNCHED, expires_at=site.clock.now + 900, **changes))  # type: ignore[arg-type]


def current(site: Site, session: ReviewSession) -> str:
    return LaunchTokens(site.sessions, session.id).current(1.0)


def test_a_token_is_used_until_a_minute_before_it_expires(site: Site) -> None:
    session = begin(site)
    site.clock.now += 839
    assert current(site, session) == "ACCESS-TOKEN" and site.flow.refreshed == []
    site.clock.now += 1
    assert current(site, session) == "ACCESS-2"
    assert current(site, session) == "ACCESS-2" and len(site.flow.refreshed) == 1


def test_the_new_refresh_token_is_kept(site: Site) -> None:
    session = begin(site)
    for _ in range(2):
        site.clock.now += 850
        current(site, session)
    assert [one.refresh_token for one in site.flow.refreshed] == ["REFRESH-TOKEN", "REFRESH-2"]


def test_a_token_without_a_refresh_token_is_used_as_long_as_the_ehr_takes_it(site: Site) -> None:
    session = begin(site, refresh_token="")
    site.clock.now += 899
    assert current(site, session) == "ACCESS-TOKEN" and site.flow.refreshed == []


def test_a_refused_token_is_renewed_once(site: Site) -> None:
    tokens = LaunchTokens(site.sessions, begin(site).id)
    assert tokens.forget(tokens.current(1.0)) and tokens.current(1.0) == "ACCESS-2"
    assert tokens.current(1.0) == "ACCESS-2" and len(site.flow.refreshed) == 1
    assert not tokens.forget("ACCESS-2")


def test_a_token_that_another_renewed_meanwhile_is_not_renewed_again(site: Site) -> None:
    session = begin(site)
    first, second = LaunchTokens(site.sessions, session.id), LaunchTokens(site.sessions, session.id)
    for one in (first, second):
        assert one.forget(one.current(1.0))
    assert (first.current(1.0), second.current(1.0)) == ("ACCESS-2", "ACCESS-2") and len(site.flow.refreshed) == 1


def test_of_many_that_find_an_old_token_one_renews_it(site: Site) -> None:
    session, found = begin(site), []
    site.clock.now += 850
    threads = [threading.Thread(target=lambda: found.append(current(site, session))) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=30)
    assert found == ["ACCESS-2"] * 8 and len(site.flow.refreshed) == 1


def test_a_token_that_cannot_be_renewed_says_what_to_do(site: Site) -> None:
    session = begin(site)
    site.clock.now += 850
    site.flow.refresh_error = signed_out()
    with pytest.raises(EhrRefused, match=r"FC404.*launch again"):
        current(site, session)


@pytest.mark.parametrize("how", ["signed out", "idle"])
def test_a_session_that_is_over_has_no_token(site: Site, how: str) -> None:
    session = begin(site)
    if how == "idle":
        site.clock.now += 901
    else:
        site.sessions.end(session)
    with pytest.raises(EhrRefused, match="the session is over"):
        current(site, session)


def test_breaking_the_glass_keeps_a_token_that_was_renewed(site: Site) -> None:
    session = begin(site)
    site.clock.now += 850
    current(site, session)
    site.sessions.open_glass(session, "c1")
    found = site.sessions.find(session.id)
    assert found and found.opened == ("c1",) and found.launched and found.launched.access_token == "ACCESS-2"


def test_a_session_comes_back_as_it_went(site: Site) -> None:
    session = site.sessions.begin(
        PERSON, replace(LAUNCHED, fhir_context=({"reference": "A/1"},), claims={"groups": ["x"]}), ("https://a.example",)
    )
    assert site.sessions.find(session.id) == session


def test_nothing_secret_is_printed(site: Site) -> None:
    session = begin(site)
    assert not any(word in repr(session) for word in ("ACCESS-TOKEN", "REFRESH-TOKEN", session.csrf, session.id))
