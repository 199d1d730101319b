"""Calls that are answered later: the kick-off, the address, the answer, and who may ask for it."""

from __future__ import annotations

import json
import logging
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from fhir_coder.api.asynchronous import progress
from fhir_coder.api.log import JsonFormatter
from fhir_coder.api.prefer import Preferences, read_preferences
from fhir_coder.audit.entry import AgentKind, Success
from fhir_coder.errors import EhrUnavailable, NotRecorded, ResourceUnknown, Uncodable
from fhir_coder.jobs.job import Job, JobLimits, Priority, Standing, State
from tests.api.conftest import issue_of, parameters, resource_of
from tests.jobs.stage import CODE, PUBLIC_URL, WRITE, Stage, bearer, make_stage, stage

__all__ = ["make_stage", "stage"]
MARKER = "Zwetschgendatschi"
ENCODED = b64encode(f"Assessment: {MARKER}.".encode()).decode()
INLINE = parameters(
    {
        "name": "note",
        "resource": {
            "resourceType": "DocumentReference",
            "status": "current",
            "subject": {"reference": "Patient/p1"},
            "content": [{"attachment": {"contentType": "text/plain", "data": ENCODED}}],
        },
    }
)


@pytest.fixture
def guarded(make_stage: Callable[..., Stage]) -> Stage:
    return make_stage(tokens=True)


# ------------------------------------------------------------------------------------------------------------------- the kick-off


@pytest.mark.parametrize(
    ("url", "base"),
    [(CODE, "/fhir"), (f"/t/north{CODE}", "/t/north/fhir"), ("/fhir/Encounter/$code-encounter", "/fhir")],
    ids=["default", "tenant", "inline"],
)
def test_a_call_is_taken_on_at_an_absolute_address_that_cannot_be_guessed(stage: Stage, url: str, base: str) -> None:
    encounter = {"resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "AMB"}}
    given = [{"name": "encounter", "resource": encounter}] if "e1" not in url else []
    answers = [stage.kick_off(parameters(*given), url) for _ in range(2)]
    addresses = [one.headers["Content-Location"] for one in answers]
    for answer, address in zip(answers, addresses, strict=True):
        assert answer.status_code == 202 and resource_of(answer)["issue"][0]["severity"] == "information"
        assert re.fullmatch(re.escape(f"{PUBLIC_URL}{base}/_jobs/") + r"[\w-]{43}", address)
        assert answer.headers["Preference-Applied"] == "respond-async"
        assert int(answer.headers["Retry-After"]) > 0
    assert addresses[0] != addresses[1]
    assert stage.engine.requests == [] and stage.told == 2


def test_without_an_address_of_our_own_it_is_the_one_that_was_called(make_stage: Callable[..., Stage]) -> None:
    answer = make_stage(FHIR_CODER_PUBLIC_URL="").kick_off()
    assert answer.headers["Content-Location"].startswith("http://localhost/fhir/_jobs/")


def test_unknown_parameters_are_refused_at_once_where_the_caller_is_strict(stage: Stage) -> None:
    body = parameters({"name": "colour", "valueString": "blue"})
    refused = stage.kick_off(body, Prefer="respond-async, handling=strict")
    assert refused.status_code == 400 and "Content-Location" not in refused.headers
    taken = stage.kick_off(parameters(), Prefer="handling=strict, respond-async")
    assert (taken.status_code, taken.headers["Preference-Applied"]) == (202, "respond-async, handling=strict")
    stage.kick_off(body, Prefer="respond-async, handling=lenient")
    assert stage.work.do_next() and stage.work.do_next()
    assert len(stage.jobs()) == 2


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (parameters({"name": "writeBack", "valueString": "yes"}), {}, 400),
        (parameters(), {"Content_Type": "text/plain"}, 415),
        (parameters({"name": "ehr", "valueString": "elsewhere"}), {}, 403),
    ],
    ids=["no JSON", "wrong type", "another media type", "another EHR"],
)
def test_what_is_wrong_with_a_call_is_told_at_once(stage: Stage, body: bytes, headers: dict[str, str], status: int) -> None:
    answer = stage.kick_off(body, **headers)
    assert answer.status_code == status and issue_of(answer)["severity"] == "error"
    assert stage.jobs() == () and "Preference-Applied" not in answer.headers


def test_without_a_key_the_caller_waits_and_is_not_told_otherwise(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(key="")
    answer = stage.kick_off(Prefer="respond-async, handling=strict")
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (200, "handling=strict")
    assert resource_of(answer)["resourceType"] == "Parameters" and stage.jobs() == ()
    assert "Preference-Applied" not in stage.kick_off().headers


def test_more_than_may_wait_is_refused_with_a_time_to_come_back(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(limits=JobLimits(waiting=1))
    assert stage.kick_off().status_code == 202
    refused = stage.kick_off()
    assert (refused.status_code, issue_of(refused)["code"], issue_of(refused)["details"]["coding"][0]["code"]) == (
        503,
        "transient",
        "FC501",
    )
    assert int(refused.headers["Retry-After"]) > 0
    assert "Preference-Applied" not in refused.headers and "Content-Location" not in refused.headers
    assert stage.kick_off(url=f"/t/north{CODE}").status_code == 202


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("respond-async", Preferences("", True)),
        ("Respond-Async", Preferences("", True)),
        ("respond-async, wait=10", Preferences("", True)),
        ("handling=strict;foo=bar, respond-async;x", Preferences("strict", True)),
        ("respond-asynchronously", Preferences()),
        ("respond-async=false", Preferences()),
        ('respond-async=""', Preferences("", True)),
        (", ,=;,respond-async", Preferences("", True)),
        ("return=minimal", Preferences()),
        (None, Preferences()),
    ],
)
def test_preferences_are_read(header: str | None, wanted: Preferences) -> None:
    assert read_preferences(header) == wanted


# ----------------------------------------------------------------------------------------------------------------------- the answer


def test_who_asks_too_early_is_told_how_it_stands(stage: Stage) -> None:
    first, second = stage.kick_off(), stage.kick_off()
    early = stage.ask(second)
    assert (early.status_code, early.headers["X-Progress"]) == (202, "waiting, 1 before it")
    assert int(early.headers["Retry-After"]) >= 1 and resource_of(early)["resourceType"] == "OperationOutcome"
    seen: list[str] = []
    stage.engine.during = lambda: seen.append(stage.ask(first).headers["X-Progress"])
    assert stage.work.do_next()
    assert seen == ["being coded"]
    assert stage.ask(second).headers["X-Progress"] == "waiting, next"


def test_progress_is_short_whatever_happened() -> None:
    job = Job("j", "t", Priority.BULK, State.WAITING, 10**6, 0, 0, 0, 0, 0, "Encounter/" + "e" * 64, "", "FC201")
    for state in State:
        for before in (0, 10**9):
            for attempts in (0, 10**6):
                changed = Job(**{name: getattr(job, name) for name in Job.__dataclass_fields__} | {"state": state, "attempts": attempts})
                assert 0 < len(progress(Standing(changed, None, before))) < 100


@pytest.mark.parametrize("accept", ["application/fhir+json", "application/fhir+xml"])
def test_the_answer_is_a_batch_response_of_what_the_caller_would_have_got(stage: Stage, accept: str) -> None:
    body = parameters({"name": "includeText", "valueBoolean": True}, {"name": "colour", "valueString": "blue"})
    at_once = resource_of(stage.kick_off(body, Prefer="", Accept=accept))
    address = stage.kick_off(body)
    assert stage.work.do_next()
    answer = stage.ask(address, Accept=accept)
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith(accept)
    bundle = resource_of(answer)
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "batch-response")
    (entry,) = bundle["entry"]
    assert entry["response"] == {"status": "200 OK"}
    assert without_id(entry["resource"]) == without_id(at_once)
    assert resource_of(stage.ask(address, Accept=accept)) == bundle, "as often as it is asked for"


@pytest.mark.parametrize("accept", ["application/fhir+json", "application/fhir+xml"])
def test_a_decimal_keeps_its_digits(stage: Stage, accept: str) -> None:
    """R4 data types: the precision of a decimal has meaning."""
    extension = [{"url": "https://example.org/p", "valueDecimal": Decimal(digits)} for digits in ("0.8120", "1.00", "0.30000000000000004")]
    entry = {"resource": {"resourceType": "Condition", "extension": extension, "subject": {"reference": "Patient/p1"}}}
    stage.engine.change = lambda result: replace(result, proposal={"resourceType": "Bundle", "type": "collection", "entry": [entry]})
    address = stage.kick_off()
    assert stage.work.do_next()
    text = stage.ask(address, Accept=accept).get_data(as_text=True)
    found = re.findall(r'(?:"valueDecimal":|<valueDecimal value=")([0-9.]+)', text)
    assert [one for one in found if one in {"0.8120", "1.00", "0.30000000000000004"}] == ["0.8120", "1.00", "0.30000000000000004"]


def without_id(resource: Any) -> str:
    """A resource as text, but for the id of the coding."""
    return re.sub(r"\b[0-9a-f]{32}\b", "-", json.dumps(resource, default=lambda one: str(one) if isinstance(one, Decimal) else None))


def test_an_answer_says_how_long_it_is_kept(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(limits=JobLimits(kept_s=7200))
    address = stage.kick_off()
    assert stage.work.do_next()
    (job,) = stage.jobs()
    assert parsedate_to_datetime(stage.ask(address).headers["Expires"]).timestamp() == job.ended_s + 7200


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_an_answer_whose_time_is_over_is_no_more_there(make_stage: Callable[..., Stage], method: str) -> None:
    stage = make_stage(limits=JobLimits(kept_s=0))
    address = stage.kick_off()
    assert stage.work.do_next()
    gone = stage.ask(address, method)
    assert gone.status_code == 404 and "Expires" not in gone.headers
    assert method == "HEAD" or issue_of(gone)["details"]["coding"][0]["code"] == "FC123"


def test_an_error_has_its_own_status_and_outcome(stage: Stage) -> None:
    stage.engine.errors = [Uncodable("no note of this encounter can be coded", expression=("Parameters.parameter.where(name='note')",))]
    body = parameters({"name": "colour", "valueString": "blue"})
    address = stage.kick_off(body, X_Request_Id="r-7")
    assert stage.work.do_next()
    answer = stage.ask(address)
    issue = issue_of(answer)
    assert (answer.status_code, issue["details"]["coding"][0]["code"]) == (422, "FC113")
    assert "r-7" in issue["diagnostics"] and "Expires" in answer.headers
    assert issue["expression"][-1] == "Parameters.parameter[0]", "as the caller who waits is told of what was ignored"
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_encounter_that_is_unknown_is_an_answer_and_no_lack_of_a_job(stage: Stage) -> None:
    """Both are 404, and told apart by their numbers and by Expires; HEAD tells as much."""
    stage.engine.errors = [ResourceUnknown("the EHR does not know the resource (read Encounter/e1)")]
    address = stage.kick_off()
    assert stage.work.do_next()
    answer, head, nowhere = stage.ask(address), stage.ask(address, "HEAD"), stage.ask(f"{PUBLIC_URL}/fhir/_jobs/{'a' * 43}")
    assert [one.status_code for one in (answer, head, nowhere)] == [404] * 3
    assert [issue_of(one)["details"]["coding"][0]["code"] for one in (answer, nowhere)] == ["FC105", "FC123"]
    assert ["Expires" in one.headers for one in (answer, head, nowhere)] == [True, True, False]


def test_a_job_that_was_tried_in_vain_is_told(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(limits=JobLimits(attempts=1))
    stage.engine.errors = [EhrUnavailable("the EHR does not answer")]
    address = stage.kick_off()
    assert stage.work.do_next()
    answer = stage.ask(address)
    issue = issue_of(answer)
    assert (answer.status_code, issue["code"], issue["details"]["coding"][0]["code"]) == (500, "exception", "FC502")
    assert "FC201" in issue["diagnostics"]


def test_a_job_that_waits_for_another_try_says_when_to_ask_again(stage: Stage) -> None:
    stage.engine.errors = [EhrUnavailable("the EHR does not answer")]
    address = stage.kick_off()
    assert stage.work.do_next()
    answer = stage.ask(address)
    assert (answer.status_code, answer.headers["X-Progress"]) == (202, "waiting for another try after 1, last error FC201")
    assert 2 <= int(answer.headers["Retry-After"]) <= 6


@pytest.mark.parametrize("moment", ["waiting", "done", "failed"])
def test_a_job_is_taken_back_once(stage: Stage, moment: str) -> None:
    stage.engine.errors = [Uncodable("nothing")] if moment == "failed" else []
    address = stage.kick_off()
    if moment != "waiting":
        assert stage.work.do_next()
    answer = stage.ask(address, "DELETE")
    assert answer.status_code == 202 and resource_of(answer)["issue"][0]["severity"] == "information"
    for method in ("GET", "DELETE"):
        gone = stage.ask(address, method)
        assert (gone.status_code, issue_of(gone)["code"], issue_of(gone)["details"]["coding"][0]["code"]) == (404, "not-found", "FC123")
    assert not stage.work.do_next()
    assert len(stage.engine.requests) == (moment != "waiting")


def test_a_job_that_is_taken_back_while_it_is_done_is_told_to_nobody(stage: Stage) -> None:
    address = stage.kick_off()
    stage.engine.during = lambda: stage.ask(address, "DELETE")
    assert stage.work.do_next()
    assert stage.codings() == 1 and stage.ask(address).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_other_methods_are_refused_with_what_there_is(stage: Stage, method: str) -> None:
    answer = stage.ask(stage.kick_off(), method)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "DELETE"}


# ------------------------------------------------------------------------------------------------------------------- who may ask


STRANGERS: dict[str, dict[str, Any]] = {
    "another client": {"sub": "another"},
    "a person of the client": {"azp": "ehr-client", "sub": "somebody"},
    "bound to a patient": {"patient": "p1"},
    "bound to an encounter": {"encounter": "e1"},
}


@pytest.mark.parametrize("changes", STRANGERS.values(), ids=STRANGERS.keys())
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_nobody_else_learns_that_there_is_a_job(guarded: Stage, changes: dict[str, Any], method: str) -> None:
    address = guarded.kick_off(**bearer())
    assert address.status_code == 202
    answer = guarded.ask(address, method, **bearer(**changes))
    nowhere = guarded.ask(f"{PUBLIC_URL}/fhir/_jobs/{'a' * 43}", method, **bearer(**changes))
    assert answer.status_code == nowhere.status_code == 404
    assert issue_of(answer)["details"] == issue_of(nowhere)["details"]
    assert guarded.ask(address, **bearer()).status_code == 202


def test_a_token_that_is_renewed_finds_its_job(guarded: Stage) -> None:
    address = guarded.kick_off(**bearer(jti="1"))
    assert guarded.work.do_next()
    assert guarded.ask(address, **bearer(jti="2", exp=4_000_000_000)).status_code == 200


@pytest.mark.parametrize(("patient", "status"), [("p1", 200), ("p2", 404)])
def test_a_job_of_one_patient_is_found_with_a_token_of_that_patient(guarded: Stage, patient: str, status: int) -> None:
    address = guarded.kick_off(**bearer(patient="p1", scope="patient/*.read"))
    assert guarded.work.do_next()
    assert guarded.ask(address, **bearer(patient=patient, scope="patient/*.read")).status_code == status


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize(
    ("made", "status"),
    [
        (dict, 401),
        (lambda: {"Authorization": "Bearer 2YotnFZFEjr1zCsicMWpAA"}, 401),
        (lambda: bearer(aud=f"{PUBLIC_URL}/t/north/fhir"), 401),
        (lambda: bearer(scope="system/Claim.r"), 403),
    ],
    ids=["no token", "a wrong one", "of another tenant", "of less scope"],
)
def test_who_may_not_code_may_not_ask(guarded: Stage, made: Callable[[], dict[str, str]], status: int, method: str) -> None:
    address = guarded.kick_off(**bearer())
    refused = guarded.ask(address, method, **made())
    assert (refused.status_code, guarded.jobs()[0].state) == (status, State.WAITING)
    assert guarded.entries[-1].event == ("job-answer" if method == "GET" else "job-cancel")
    assert guarded.entries[-1].success is Success.REFUSED


def test_the_address_holds_at_the_base_of_its_tenant_only(guarded: Stage) -> None:
    address = guarded.kick_off(**bearer()).headers["Content-Location"]
    north = address.replace("/fhir/", "/t/north/fhir/")
    assert guarded.ask(north, **bearer(aud=f"{PUBLIC_URL}/t/north/fhir")).status_code == 404
    assert guarded.ask(address.replace("/fhir/", "/t/default/fhir/"), **bearer()).status_code == 202, "the longer base is the same one"


def test_what_a_token_may_not_do_is_not_done_later_either(guarded: Stage) -> None:
    guarded.kick_off(WRITE, **bearer(scope="system/Encounter.r system/DocumentReference.rs"))
    assert guarded.work.do_next()
    (request,) = guarded.engine.requests
    assert ("Condition", "create") in request.limits.withheld and not request.limits.may_fetch_attachments


def test_callers_on_this_machine_are_the_same(stage: Stage) -> None:
    address = stage.kick_off()
    elsewhere = stage.http.get(address.headers["Content-Location"].removeprefix(PUBLIC_URL), environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert elsewhere.status_code == 401
    assert stage.ask(address).status_code == 202


# ------------------------------------------------------------------------------------------------------------------------ limits


def test_whoever_asks_takes_no_room_from_those_who_are_coded(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(FHIR_CODER_THREADS="1", FHIR_CODER_WAITING="0")
    address = stage.kick_off()
    stage.room.enter()
    try:
        assert stage.kick_off().status_code == 503
        assert [stage.ask(address).status_code for _ in range(3)] == [202] * 3
        assert stage.ask(address, "DELETE").status_code == 202
    finally:
        stage.room.leave()
    assert stage.kick_off().status_code == 202


def test_asking_is_counted_as_calls_are(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(FHIR_CODER_RATE_LIMIT="3/day")
    address = stage.kick_off()
    assert [stage.ask(address).status_code for _ in range(3)] == [202, 202, 429]


# ----------------------------------------------------------------------------------------------------------------------- the audit


def test_the_audit_tells_of_the_call_the_coding_and_the_answer(guarded: Stage) -> None:
    address = guarded.kick_off(WRITE, X_Request_Id="r-1", **bearer(azp="ehr-client", fhirUser="Practitioner/9"))
    assert guarded.work.do_next()
    guarded.ask(address, X_Request_Id="r-2", **bearer(azp="ehr-client", fhirUser="Practitioner/9"))
    guarded.ask(address, "DELETE", **bearer(azp="ehr-client", fhirUser="Practitioner/9"))
    (job,) = guarded.jobs()
    told = [
        (
            event["subtype"][-1]["code"],
            event["action"],
            event["outcome"],
            event["agent"][0]["who"]["identifier"]["value"],
            [one["valueString"] for entity in event["entity"] for one in entity.get("detail", ()) if one["type"] == "job"],
        )
        for event in guarded.events()
    ]
    who = "Practitioner/9"
    assert told == [
        ("code-encounter", "E", "0", who, [job.id]),
        ("write-back", "E", "0", who, [job.id]),
        ("code-encounter", "E", "0", who, [job.id]),
        ("job-answer", "R", "0", who, [job.id]),
        ("job-cancel", "D", "0", who, [job.id]),
    ]
    coded = json.dumps(guarded.events()[2])
    assert "r-1" in coded and "Condition/1" in coded and "127.0.0.1" in coded
    assert all(entry.agent.kind is AgentKind.PERSON for entry in guarded.entries)


def test_a_refused_coding_is_an_entry_with_its_error(stage: Stage) -> None:
    stage.engine.errors = [Uncodable("nothing")]
    stage.kick_off()
    assert stage.work.do_next()
    taken, refused = stage.events()
    assert (taken["outcome"], refused["outcome"]) == ("0", "4")
    assert "FC113" in json.dumps(refused) and "Encounter/e1" in json.dumps(refused)


def test_asking_in_vain_is_no_entry(stage: Stage) -> None:
    address = stage.kick_off()
    before = len(stage.entries)
    stage.ask(address)
    assert len(stage.entries) == before


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_what_cannot_be_written_down_is_neither_told_nor_done(stage: Stage, method: str) -> None:
    address = stage.kick_off()
    assert stage.work.do_next()
    (job,) = stage.jobs()
    with stage.writing_nothing():
        answer = stage.ask(address, method)
        assert (answer.status_code, issue_of(answer)["details"]["coding"][0]["code"]) == (503, NotRecorded.code)
        assert "I10" not in answer.text
    assert stage.jobs() == (job,) and stage.ask(address).status_code == 200


# -------------------------------------------------------------------------------------------------------------------- words


def test_neither_words_nor_the_address_reach_log_metrics_or_errors(stage: Stage, log_lines: list[logging.LogRecord]) -> None:
    stage.engine.errors = [KeyError(MARKER), Uncodable("nothing")]
    addresses = [stage.kick_off(INLINE, "/fhir/Encounter/e1/$code-encounter") for _ in range(3)]
    secrets = [one.headers["Content-Location"].rpartition("/")[2] for one in addresses]
    for _ in range(3):
        assert stage.work.do_next()
    said = "".join(stage.ask(one).get_data(as_text=True) for one in addresses)
    said += "".join(stage.ask(one, "DELETE").get_data(as_text=True) for one in addresses)
    said += "".join(stage.ask(one).get_data(as_text=True) for one in addresses)
    said += "".join(JsonFormatter().format(line) + str(line.args) + str(line.exc_text) for line in log_lines)
    said += stage.http.get("/metrics").get_data(as_text=True) + json.dumps(stage.events())
    assert log_lines and MARKER not in said and ENCODED[12:] not in said
    assert not [one for one in secrets if one in said]


def test_the_files_of_the_store_hold_what_waits_and_what_was_answered_sealed(stage: Stage, tmp_path: Path) -> None:
    """The words of a note that waits and one that was coded, the address, and the name of who asked."""
    addresses = [stage.kick_off(INLINE) for _ in range(2)]
    assert stage.work.do_next()
    content = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"Encounter/e1" in content
    for word in (MARKER, ENCODED, "Addendum", *(one.headers["Content-Location"].rpartition("/")[2] for one in addresses)):
        assert word.lower().encode() not in content.lower()
