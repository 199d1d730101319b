"""Note files that a person sends: who may, what is asked for, and the request that comes of it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fhir_coder.ehr.intake import gather
from fhir_coder.errors import FhirCoderError, Uncodable
from fhir_coder.exchange import CodingRequest, CodingResult
from fhir_coder.model import Authority
from fhir_coder.npi import is_npi
from fhir_coder.review.recording import Recording
from fhir_coder.review.rendering import Pages
from fhir_coder.review.sending_once import KEY_FIELD, SendingOnce
from fhir_coder.review.uploaded_visit import NoteFile, UploadedVisit, request_of
from fhir_coder.review.uploading import Uploading
from fhir_coder.store.repository import Repository
from tests.review.conftest import OURS, SIGNED_IN, Site, make_site, sign_in
from tests.store.conftest import coding_result

NOTE = b"Assessment: cough."
FORM = {
    "patient": "MRN-7",
    "birth_date": "1961-02-03",
    "sex": "female",
    "service_date": "2026-05-01",
    "provider": "Dr. Ada Abel",
    "npi": "1234567893",
    "kind": "11506-3",
    "is_signed": "yes",
}


@dataclass
class Engine:
    """Keeps what it is asked to code."""

    repository: Repository
    asked: list[CodingRequest] = field(default_factory=list)
    error: FhirCoderError | None = None

    def code(self, coding: CodingRequest) -> CodingResult:
        if self.error:
            raise self.error
        self.asked.append(coding)
        result = replace(coding_result(f"Encounter/{coding.encounter_id}"), is_uploaded=coding.is_uploaded, sending=coding.sending)
        read = gather(coding, None)
        encounter = replace(result.intake.encounter, provider=read.encounter.provider)
        result = replace(result, intake=replace(result.intake, encounter=encounter, resources=read.resources))
        return replace(result, coding_id=self.repository.save(coding.tenant, "", result))


@dataclass
class Practice:
    """A site with the upload page; ``engine`` is what it codes with."""

    site: Site
    engine: Engine


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    engines: list[Engine] = []

    def make(repository: Repository, recording: Recording, pages: Pages, once: SendingOnce) -> Uploading:
        engines.append(Engine(repository))
        return Uploading(engines[0], repository, recording, pages, once, lambda: date(2026, 6, 1), keeps_text=True)

    site = make_site(tmp_path, make_uploading=make)
    yield Practice(site, engines[0])
    site.repository.close()


@pytest.fixture
def person(practice: Practice) -> FlaskClient:
    """A manager who signed in at the practice's own provider."""
    browser = practice.site.browser()
    assert sign_in(practice.site, browser, SIGNED_IN).status_code == 303
    return browser


def send(browser: FlaskClient, *files: bytes, **changed: str) -> TestResponse:
    return again(browser, browser.get("/review/upload", base_url=OURS).text, *files, **changed)


def again(browser: FlaskClient, page: str, *files: bytes, **changed: str) -> TestResponse:
    """Send the form that a page showed."""
    hidden = {name: page.split(f'name="{name}" value="')[-1].split('"')[0] for name in ("csrf", KEY_FIELD)}
    notes = [(io.BytesIO(one), f"Jane Doe {number}.txt", "text/plain") for number, one in enumerate(files)]
    data: dict[str, Any] = {**FORM, **hidden, **changed, "notes": notes}
    return browser.post("/review/uploads", data=data, base_url=OURS, headers={"Sec-Fetch-Site": "same-origin", "Origin": "null"})


def test_files_are_coded_as_one_visit_and_marked(practice: Practice, person: FlaskClient) -> None:
    answer = send(person, NOTE, b"<p>Plan: rest</p>")
    assert answer.status_code == 303
    coding = practice.site.repository.get("default", answer.headers["Location"].rsplit("/", 1)[1])
    assert coding is not None and coding.is_uploaded and coding.ehr == ""
    [asked] = practice.engine.asked
    assert asked.is_uploaded and asked.notes is not None and len(asked.notes) == 2 and not asked.write_back
    [event] = practice.site.events("code-encounter")
    assert event.detail["upload"] == "true" and "Jane" not in repr(asked) + repr(practice.site.audit)


def test_the_request_is_read_like_any_other() -> None:
    intake = gather(request_of("default", visit()), None)
    encounter = intake.encounter
    assert (encounter.patient.id, encounter.patient.birth_date) == ("MRN-7", date(1961, 2, 3))
    assert (encounter.service_date, encounter.provider) == (date(2026, 5, 1), "Practitioner/1234567893")
    [note] = encounter.notes
    assert note.text == NOTE.decode() and note.is_signed and note.authority is Authority.PROVIDER
    assert "Practitioner/1234567893" in intake.resources and not encounter.conflicts


def visit(**changed: Any) -> UploadedVisit:
    given: dict[str, Any] = {
        "patient": "MRN-7",
        "service_date": date(2026, 5, 1),
        "provider": "Dr. Ada Abel",
        "files": (NoteFile(NOTE, "text/plain"),),
        "kind": "11506-3",
        "npi": "1234567893",
        "birth_date": date(1961, 2, 3),
        "sex": "female",
    }
    return UploadedVisit(**given | changed)


def test_the_same_files_are_the_same_encounter_and_others_are_another() -> None:
    other = (NoteFile(NOTE + b"!", "text/plain"),)
    assert visit().encounter_id == visit(provider="Dr. Bert Bach", npi="").encounter_id
    assert len({visit().encounter_id, visit(files=other).encounter_id, visit(patient="MRN-8").encounter_id}) == 3


def test_a_provider_without_npi_is_one_person_by_name() -> None:
    one, same, other = (request_of("t", visit(npi="", provider=name)).context[0]["id"] for name in ("A. Abel", "A. Abel", "B. Bach"))
    assert one == same != other


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"patient": "Jane Doe"}, "an id of the patient"),
        ({"provider": "  "}, "the name of the provider"),
        ({"npi": "1234567890"}, "an NPI of ten digits"),
        ({"service_date": "yesterday"}, "the date of service as year"),
        ({"service_date": "2026-06-02"}, "not in the future"),
        ({"birth_date": "2026-05-02"}, "not after the date of service"),
        ({"birth_date": "1961"}, "the date of birth as year"),
        ({"kind": "00000-0"}, "one of the kinds of notes"),
        ({"sex": "yes"}, "one of the sexes"),
        ({"is_signed": ""}, "that their provider has signed"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    practice: Practice, person: FlaskClient, changed: dict[str, str], said: str
) -> None:
    answer = send(person, NOTE, **changed)
    assert answer.status_code in {400, 422} and said in answer.text and "Nothing was coded." in answer.text
    assert 'value="1961-02-03"' in answer.text or "birth_date" in changed
    assert practice.engine.asked == []


def test_no_file_an_empty_file_and_too_many_are_refused(practice: Practice, person: FlaskClient) -> None:
    assert "a note file at least" in send(person).text
    assert "files that are not empty" in send(person, b"").text
    assert "at most 10" in send(person, *[b"x%d" % one for one in range(11)]).text
    assert practice.engine.asked == []


def test_what_cannot_be_coded_comes_back_with_the_form(practice: Practice, person: FlaskClient) -> None:
    practice.engine.error = Uncodable("the encounter has no current note: it is an image")
    answer = send(person, NOTE)
    assert answer.status_code == 422 and "it is an image" in answer.text and "MRN-7" in answer.text
    assert [one.detail["error"] for one in practice.site.events("code-encounter")] == ["FC113"]


def test_a_provider_goes_by_the_name_that_was_typed(practice: Practice, person: FlaskClient) -> None:
    send(person, NOTE, npi="", provider="Dr. Bert <Bach>/Sons")
    send(person, NOTE + b"!", provider="Dr. A. Abel")
    send(person, NOTE + b"!!")
    today = date.today().isoformat()
    board = person.get(f"/review/dashboard?from={today}&to={today}", base_url=OURS).text
    table = person.get(f"/review/dashboard.csv?from={today}&to={today}", base_url=OURS).text
    for page in (person.get("/review/worklist?state=open", base_url=OURS).text, board):
        assert "Dr. Bert &lt;Bach&gt;/Sons" in page and "Dr. Ada Abel (1234567893)" in page
        assert "Dr. A. Abel" not in page and "Practitioner/upload-" not in page, "a provider is one, and called as in the newest upload"
    assert "Dr. Bert <Bach>/Sons" in table and "Dr. Ada Abel (1234567893)" in table


def test_the_same_form_sent_again_leads_to_the_first_coding(practice: Practice, person: FlaskClient) -> None:
    page = person.get("/review/upload", base_url=OURS).text
    first, second = again(person, page, NOTE), again(person, page, NOTE)
    assert first.status_code == second.status_code == 303 and first.headers["Location"] == second.headers["Location"]
    other = again(person, page, NOTE + b" Fever.")
    assert other.headers["Location"] != first.headers["Location"] and len(practice.engine.asked) == 2
    assert send(person, NOTE).headers["Location"] not in {first.headers["Location"], other.headers["Location"]}


def test_a_form_that_failed_is_sent_again(practice: Practice, person: FlaskClient) -> None:
    page = person.get("/review/upload", base_url=OURS).text
    practice.engine.error = Uncodable("the encounter has no current note: it is an image")
    assert again(person, page, NOTE).status_code == 422
    practice.engine.error = None
    assert again(person, page, NOTE).status_code == 303 and len(practice.engine.asked) == 1


def test_a_form_without_its_key_says_so_and_keeps_what_was_typed(practice: Practice, person: FlaskClient) -> None:
    answer = send(person, NOTE, **{KEY_FIELD: ""})
    assert answer.status_code == 400 and "no key that a page" in answer.text and "MRN-7" in answer.text
    assert practice.engine.asked == [] and again(person, answer.text, NOTE).status_code == 303


def test_who_came_from_an_ehr_does_not_upload(practice: Practice) -> None:
    browser = practice.site.browser()
    sign_in(practice.site, browser)
    answer = browser.get("/review/upload", base_url=OURS)
    assert answer.status_code == 403 and "sign in with the account of your practice" in answer.text


def test_a_form_without_the_token_of_the_session_does_nothing(practice: Practice, person: FlaskClient) -> None:
    answer = person.post("/review/uploads", data=FORM | {"notes": (io.BytesIO(NOTE), "a.txt")}, base_url=OURS)
    assert answer.status_code == 403 and practice.engine.asked == []


@pytest.mark.parametrize(("digits", "is_good"), [("1234567893", True), ("1234567890", False), ("123456789", False), ("١٢٣٤٥٦٧٨٩٣", False)])
def test_the_check_digit_of_an_npi(digits: str, is_good: bool) -> None:
    assert is_npi(digits) is is_good
