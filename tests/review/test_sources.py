"""Where the encounter of a past coding is had again for a person: at the EHR of their launch with their token, and at no other."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
import responses

from fhir_coder.connections import EhrConnections
from fhir_coder.people import Person
from fhir_coder.record.again import NotReplayable
from fhir_coder.review.session import ReviewSession
from fhir_coder.reviewing import DEMO, AsPerson
from fhir_coder.tenant_settings import EhrSettings, Tenant
from tests.record.test_rereading import TEXT, coding, note
from tests.review.conftest import LAUNCHED, SIGNED_IN

PERSON = Person("sub-7", "https://as.example", "sub-7", "Ada", ("coder",))


def never(*given: object) -> None:
    raise AssertionError("no EHR is to be asked")


def as_person() -> AsPerson:
    """Without an engine or connections: a test that needed one would fail."""
    return AsPerson(None, never, None, None)  # type: ignore[arg-type]


SESSIONS = {
    "sign-in at the provider": replace(SIGNED_IN),
    "launch from another EHR": replace(LAUNCHED, ehr="other"),
    "another practice": replace(LAUNCHED, tenant="north"),
}


@pytest.mark.parametrize("launched", SESSIONS.values(), ids=SESSIONS)
def test_an_ehr_that_is_not_the_persons_is_not_asked(launched) -> None:
    session = ReviewSession(launched.tenant, PERSON, "csrf", "id", launched)
    with pytest.raises(NotReplayable) as caught:
        as_person().source(session).encounter(replace(coding(), notes=(note(),)))
    assert "no EHR to read it from" in str(caught.value)


def test_a_stored_text_needs_no_ehr() -> None:
    session = ReviewSession("default", PERSON, "csrf", "id", replace(LAUNCHED, ehr="other"))
    read = as_person().source(session).reader.read(coding(), note(TEXT))
    assert (read.text, read.source) == (TEXT, "stored")


def test_an_ehr_that_is_down_keeps_the_person_waiting_for_one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", never)
    tenants = {"default": Tenant("default", ehrs=(EhrSettings("main", "https://198.51.100.7/fhir"),))}
    people = AsPerson(SimpleNamespace(tenants=tenants), EhrConnections(None), None, None)  # type: ignore[arg-type]
    with responses.RequestsMock() as http:
        http.get(re.compile("https://198.51.100.7/fhir/.*"), status=503)
        with pytest.raises(NotReplayable, match="did not answer"):
            people.source(ReviewSession("default", DEMO, "csrf")).encounter(replace(coding(), notes=(note(), note())))
        assert len(http.calls) == 1
