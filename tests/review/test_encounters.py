"""What a session shows and does: its practice, its launch, its roles, its token; and that nothing leads beyond them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_coder.audit.entry import Success
from fhir_coder.errors import EhrRefused, EhrUnavailable, FhirCoderError, NotRecorded, ResourceUnknown, Uncodable
from fhir_coder.model import Note
from fhir_coder.people import RoleRules
from fhir_coder.smart.launch.launched import Launched
from tests.review.conftest import LAUNCHED, SIGNED_IN, Site, csrf_of, get, keyed, post, sign_in
from tests.store.conftest import MARKER, coding_result

READ_ONLY = "patient/Encounter.r patient/DocumentReference.rs"


def home(site: Site, browser: FlaskClient, launched: Launched = LAUNCHED) -> str:
    sign_in(site, browser, launched)
    page = get(browser, "/review/")
    assert page.status_code == 200, page.text
    return csrf_of(page)


# ------------------------------------------------------------------------------------------------------------------- sight

NOT_MINE = {
    "another practice": {"tenant": "north"},
    "another patient": {"patient": "p2"},
    "the same id at another EHR": {"ehr": "other"},
    "no EHR": {"ehr": ""},
    "no patient": {"patient": ""},
    "an id that begins alike": {"patient": "p11"},
}


@pytest.mark.parametrize("place", NOT_MINE.values(), ids=NOT_MINE)
def test_a_launch_shows_its_own_patient_only(site: Site, browser: FlaskClient, place: dict[str, str]) -> None:
    mine, other = site.save(), site.save(**place)
    home(site, browser)
    listed = get(browser, "/review/").text
    assert mine in listed and other not in listed
    unknown, theirs = get(browser, f"/review/encounters/{'0' * 32}"), get(browser, f"/review/encounters/{other}")
    assert get(browser, f"/review/encounters/{mine}").status_code == 200
    assert theirs.status_code == unknown.status_code == 404
    assert _without_ids(theirs.text) == _without_ids(unknown.text)
    assert [entry.success for entry in site.events("read-coding")] == [Success.REFUSED, Success.REFUSED, Success.DONE]


def test_a_launch_with_an_encounter_shows_that_encounter_only(site: Site, browser: FlaskClient) -> None:
    mine, other = site.save(), site.save(reference="Encounter/e2")
    home(site, browser, replace(LAUNCHED, encounter="e1"))
    listed = get(browser, "/review/").text
    assert mine in listed and other not in listed
    assert get(browser, f"/review/encounters/{other}").status_code == 404


def test_a_person_of_the_practice_sees_the_practice(site: Site, browser: FlaskClient) -> None:
    codings = [site.save(), site.save(patient="p2"), site.save(ehr="other")]
    north = site.save(tenant="north")
    home(site, browser, SIGNED_IN)
    listed = get(browser, "/review/").text
    assert all(one in listed for one in codings) and north not in listed
    assert [get(browser, f"/review/encounters/{one}").status_code for one in (*codings, north)] == [200, 200, 200, 404]


def test_a_session_of_one_practice_is_of_no_use_at_another(site: Site, browser: FlaskClient) -> None:
    coding = site.save()
    home(site, browser, replace(LAUNCHED, tenant="north", issuer="https://north.example/fhir"))
    assert get(browser, f"/review/encounters/{coding}").status_code == 404


@pytest.mark.parametrize("coding_id", ["x", "%00", "..%2f..%2fetc", "' OR 1=1 --", "A" * 32, "a" * 4000])
def test_ids_that_none_can_be_are_unknown(site: Site, browser: FlaskClient, coding_id: str) -> None:
    home(site, browser)
    assert get(browser, f"/review/encounters/{coding_id}").status_code == 404
    assert dict(site.events("read-coding")[-1].detail) == {"asked": ""} if site.events("read-coding") else True


@pytest.mark.parametrize("scope", ["openid", "launch", "patient/Encounter.r", "patient/DocumentReference.rs", "patient/Patient.r"])
def test_a_token_that_opens_no_notes_shows_no_codings(site: Site, browser: FlaskClient, scope: str) -> None:
    coding = site.save()
    sign_in(site, browser, replace(LAUNCHED, scope=scope))
    assert get(browser, "/review/").status_code == 403
    assert get(browser, f"/review/encounters/{coding}").status_code == 403


def test_scopes_of_a_patient_without_a_patient_open_nothing(site: Site, browser: FlaskClient) -> None:
    sign_in(site, browser, replace(LAUNCHED, patient=""))
    assert get(browser, "/review/").status_code == 403


USER = "user/Encounter.rs user/DocumentReference.rs"


def test_without_a_patient_the_ehr_says_who_may_read_the_encounter(site: Site, browser: FlaskClient) -> None:
    coding = site.save()
    home(site, browser, replace(LAUNCHED, patient="", scope=USER))
    site.ehr.resources["Encounter/e1"] = {"resourceType": "Encounter", "id": "e1"}
    assert get(browser, f"/review/encounters/{coding}").status_code == 200 and site.ehr.reads == ["Encounter/e1"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (EhrRefused("no", ehr_status=403), 404),
        (ResourceUnknown("no such Encounter"), 404),
        (EhrRefused("no", ehr_status=401), 401),
        (EhrUnavailable("away"), 502),
    ],
    ids=["forbidden there", "unknown there", "token over", "away"],
)
def test_what_the_ehr_does_not_let_a_person_read_is_not_shown(site: Site, browser: FlaskClient, error: FhirCoderError, status: int) -> None:
    coding = site.save()
    home(site, browser, replace(LAUNCHED, patient="", scope=USER))
    site.ehr.error = error
    page = get(browser, f"/review/encounters/{coding}")
    assert page.status_code == status and MARKER not in page.text


# ----------------------------------------------------------------------------------------------------------------- the page


def test_the_page_shows_codes_with_words_and_what_the_edits_say(site: Site, browser: FlaskClient) -> None:
    coding = site.save()
    home(site, browser)
    page = get(browser, f"/review/encounters/{coding}").text
    for shown in (
        "R05.9",
        "Cough, unspecified",
        "81.2 %",
        "FCE120",
        "How long has the cough lasted?",
        "below the threshold",
        "R50.9",
        MARKER,
    ):
        assert shown in page
    assert "less than 3 weeks" in page and "R05.1" not in page.split("To ask the provider")[1].split("</ul>")[0]
    (entry,) = site.events("read-coding")
    assert (entry.patient, entry.entities, entry.detail["coding"], entry.purpose) == ("Patient/p1", ("Encounter/e1",), coding, "")


EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


OUR_SCRIPTS = [f'<script type="module" src="/review/{name}.js"></script>' for name in ("app", "desk/page")]


def test_no_word_of_others_becomes_markup(site: Site, browser: FlaskClient) -> None:
    result = coding_result(f"Encounter/{EVIL}")
    report = result.disposition.report
    words = replace(report.coded.assignments[0].evidence[0], text=EVIL)
    assignment = replace(report.coded.assignments[0], display=EVIL, code=EVIL[:16], evidence=(words,))
    coded = replace(
        report.coded, assignments=(assignment, report.coded.assignments[1]), rejected=(replace(report.coded.rejected[0], display=EVIL),)
    )
    finding = replace(report.findings[0], detail=EVIL, name=EVIL, edit=EVIL[:16], codes=(EVIL,))
    reason = replace(result.disposition.reasons[0], text=EVIL, codes=(EVIL,))
    disposition = replace(result.disposition, report=replace(report, coded=coded, findings=(finding,)), reasons=(reason,))
    coding = site.repository.save("default", EVIL, replace(result, disposition=disposition))
    home(site, browser, replace(SIGNED_IN, name=EVIL, fhir_user=EVIL))
    for path in ("/review/", f"/review/encounters/{coding}"):
        page = get(browser, path)
        assert page.status_code == 200 and "&lt;script&gt;" in page.text
        (ours,) = [one for one in OUR_SCRIPTS if one in page.text]
        shown = page.text.replace(ours, "").replace("&lt;", "").replace("onerror=alert(1)&gt;", "")
        assert not re.search(r"<script|<img|onerror=[^&]*>", shown)


@pytest.mark.parametrize("field", ["intent", "patient", "encounter"])
def test_no_word_of_a_launch_becomes_markup(site: Site, browser: FlaskClient, field: str) -> None:
    sign_in(site, browser, replace(LAUNCHED, **{field: EVIL}))
    page = get(browser, "/review/")
    assert "<script>" not in page.text and "<img" not in page.text and page.status_code in {200, 401}


def test_what_the_ehr_opened_the_page_with_is_shown(site: Site, browser: FlaskClient) -> None:
    context = ({"reference": "DocumentReference/5"}, {"canonical": "x"}, {"reference": EVIL})
    home(site, browser, replace(LAUNCHED, fhir_context=context, intent="review-codes"))
    page = get(browser, "/review/").text
    assert "DocumentReference/5" in page and "review-codes" in page and "<script>" not in page


# -------------------------------------------------------------------------------------------------------------------- code


def test_a_launched_person_has_the_encounter_coded_within_the_token(site: Site, browser: FlaskClient) -> None:
    token = home(site, browser)
    answer = post(browser, "/review/code", keyed({"csrf": token, "encounter": "e1", "write_back": "yes"}))
    assert answer.status_code == 303 and re.fullmatch(r"/review/encounters/[0-9a-f]{32}", answer.headers["Location"])
    (request,) = site.coder.requests
    assert (request.tenant, request.ehr, request.encounter_id, request.write_back) == ("default", "main", "e1", True)
    assert request.limits.patient == "p1" and request.limits.may_fetch_attachments
    assert ("Claim", "create") in request.limits.withheld and ("Condition", "create") not in request.limits.withheld
    assert get(browser, answer.headers["Location"]).status_code == 200
    assert site.events("code-encounter")[0].detail["writeBack"] == "true"


def test_a_read_only_token_has_everything_withheld(site: Site, browser: FlaskClient) -> None:
    token = home(site, browser, replace(LAUNCHED, scope=READ_ONLY))
    post(browser, "/review/code", keyed({"csrf": token, "encounter": "e1", "write_back": "yes"}))
    limits = site.coder.requests[0].limits
    assert {kind for kind, _ in limits.withheld} == {"Condition", "Claim", "Task", "Provenance"} and not limits.may_fetch_attachments


REFUSED = {
    "another encounter than the launch's": (replace(LAUNCHED, encounter="e1"), "e2", 403),
    "no encounter": (LAUNCHED, "", 400),
    "an encounter that none can be": (LAUNCHED, "../Patient/7", 400),
    "a long id": (LAUNCHED, "e" * 65, 400),
    "a sign-in without an EHR": (SIGNED_IN, "e1", 403),
}


@pytest.mark.parametrize(("launched", "encounter", "status"), REFUSED.values(), ids=REFUSED)
def test_what_may_not_be_coded_is_not(site: Site, browser: FlaskClient, launched: Launched, encounter: str, status: int) -> None:
    page = post(browser, "/review/code", keyed({"csrf": home(site, browser, launched), "encounter": encounter}))
    assert page.status_code == status and site.coder.requests == []


@pytest.mark.parametrize("role", ["auditor", "administrator"])
def test_a_role_that_does_not_code_cannot(site: Site, browser: FlaskClient, role: str) -> None:
    site.rules["default", "main"] = RoleRules((role,))
    page = post(browser, "/review/code", keyed({"csrf": home(site, browser), "encounter": "e1"}))
    assert page.status_code == 403 and site.coder.requests == []
    assert "/review/code" not in get(browser, "/review/").text


def test_a_coding_that_is_refused_is_told_and_written_down(site: Site, browser: FlaskClient) -> None:
    site.coder.error = Uncodable("the encounter has no note")
    page = post(browser, "/review/code", keyed({"csrf": home(site, browser), "encounter": "e1"}))
    assert page.status_code == 422 and "The encounter has no note" in page.text
    (entry,) = site.events("code-encounter")
    assert (entry.success, dict(entry.detail)) == (Success.REFUSED, {"asked": "Encounter/e1", "error": "FC113"})


def test_an_unexpected_error_tells_nothing(site: Site, browser: FlaskClient) -> None:
    site.coder.error = ZeroDivisionError(MARKER)  # type: ignore[assignment]
    page = post(browser, "/review/code", keyed({"csrf": home(site, browser), "encounter": "e1"}))
    assert page.status_code == 500 and MARKER not in page.text and page.headers["Content-Security-Policy"]


# ------------------------------------------------------------------------------------------------------------------ picker


def visit(encounter_id: str, patient: str = "p1", **more: object) -> dict[str, object]:
    return {"resourceType": "Encounter", "id": encounter_id, "status": "finished", "subject": {"reference": f"Patient/{patient}"}, **more}


def test_without_an_encounter_the_page_offers_those_of_the_patient(site: Site, browser: FlaskClient) -> None:
    visits = [
        visit("old", period={"start": "2025-01-02T08:00:00Z"}, **{"class": {"code": "AMB", "display": EVIL}}),
        visit("new", period={"start": "2026-05-04"}, type=[{"coding": [{"code": "x"}]}, {"text": "Office visit"}]),
        visit("bare"),
        visit("theirs", "p2"),
    ]
    site.ehr.resources = {str(one["id"]): one for one in visits}
    token = home(site, browser)
    page = get(browser, "/review/").text
    assert re.findall(r'<option value="([^"]+)">', page) == ["new", "old", "bare"]
    assert (
        "2026-05-04 · Office visit · finished · new" in page and "<script>" not in page and set(site.ehr.searches) == {("Encounter", "p1")}
    )
    assert post(browser, "/review/code", keyed({"csrf": token, "encounter": "new"})).status_code == 303


NO_PICKER = {
    "EHR away": ({}, EhrUnavailable("away")),
    "nothing there": ({}, None),
    "no search in the scope": ({"scope": READ_ONLY}, None),
    "encounter of the launch": ({"encounter": "e1"}, None),
}


@pytest.mark.parametrize(("changes", "error"), NO_PICKER.values(), ids=NO_PICKER)
def test_without_a_choice_an_encounter_can_still_be_named(
    site: Site, browser: FlaskClient, changes: dict[str, str], error: FhirCoderError | None
) -> None:
    site.ehr.error = error
    home(site, browser, replace(LAUNCHED, **changes))  # type: ignore[arg-type]
    page = get(browser, "/review/").text
    assert "<select" not in page and 'name="encounter"' in page
    assert bool(site.ehr.searches) == (not changes)


# ------------------------------------------------------------------------------------------------------------- break-glass

REASON = "complaint 17 of the patient is to be answered today"


def administrator(site: Site, browser: FlaskClient, launched: Launched = SIGNED_IN) -> str:
    site.rules["default", launched.ehr] = RoleRules(("administrator",))
    return home(site, browser, launched)


def test_the_glass_is_broken_with_a_reason_and_written_down(site: Site, browser: FlaskClient) -> None:
    coding = site.save()
    token = administrator(site, browser)
    assert coding not in get(browser, "/review/").text
    asked = get(browser, f"/review/encounters/{coding}")
    assert asked.status_code == 404 and "Break the glass" in asked.text and MARKER not in asked.text
    opened = post(browser, "/review/break-glass", {"csrf": token, "coding": coding, "reason": REASON})
    assert opened.status_code == 303
    page = get(browser, opened.headers["Location"])
    assert page.status_code == 200 and "The glass is broken" in page.text
    (broken,) = site.events("break-glass")
    assert (broken.purpose, broken.patient, broken.detail["reason"], broken.agent.id) == ("BTG", "Patient/p1", REASON, "Practitioner/7")
    assert site.events("read-coding")[-1].purpose == "BTG"


def test_the_page_to_break_the_glass_does_not_tell_what_there_is(site: Site, browser: FlaskClient) -> None:
    coding, north = site.save(), site.save(tenant="north")
    administrator(site, browser)
    pages = [get(browser, f"/review/encounters/{one}").text for one in (coding, north, "0" * 32)]
    assert len({_without_ids(page) for page in pages}) == 1


UNBROKEN = {
    "no reason": ("mine", "", 400),
    "blank reason": ("mine", " " * 40, 400),
    "short reason": ("mine", "because", 400),
    "long reason": ("mine", "x" * 501, 400),
    "another practice": ("north", REASON, 404),
    "nothing there": ("0" * 32, REASON, 404),
    "no id": ("", REASON, 404),
}


@pytest.mark.parametrize(("which", "reason", "status"), UNBROKEN.values(), ids=UNBROKEN)
def test_the_glass_holds(site: Site, browser: FlaskClient, which: str, reason: str, status: int) -> None:
    coding = {"mine": site.save(), "north": site.save(tenant="north")}.get(which, which)
    page = post(browser, "/review/break-glass", {"csrf": administrator(site, browser), "coding": coding, "reason": reason})
    assert page.status_code == status
    assert get(browser, f"/review/encounters/{coding}").status_code == 404
    assert not [entry for entry in site.events("break-glass") if entry.success is Success.DONE]


@pytest.mark.parametrize("role", ["coder", "second-reviewer", "auditor"])
def test_the_glass_needs_its_right(site: Site, browser: FlaskClient, role: str) -> None:
    site.rules["default", ""] = RoleRules((role,))
    form = {"csrf": home(site, browser, SIGNED_IN), "coding": site.save(), "reason": REASON}
    assert post(browser, "/review/break-glass", form).status_code == 403


def test_breaking_the_glass_never_goes_beyond_a_launch(site: Site, browser: FlaskClient) -> None:
    other = site.save(patient="p2")
    form = {"csrf": administrator(site, browser, LAUNCHED), "coding": other, "reason": REASON}
    assert post(browser, "/review/break-glass", form).status_code == 404
    assert get(browser, f"/review/encounters/{other}").status_code == 404


def test_what_cannot_be_written_down_is_not_opened(site: Site, browser: FlaskClient) -> None:
    coding, token = site.save(), administrator(site, browser)
    site.audit_error.append(OSError("disk full"))
    assert post(browser, "/review/break-glass", {"csrf": token, "coding": coding, "reason": REASON}).status_code == 500
    site.audit_error.clear()
    assert get(browser, f"/review/encounters/{coding}").status_code == 404


def test_a_page_that_cannot_be_written_down_is_not_shown(site: Site, browser: FlaskClient) -> None:
    coding = site.save()
    home(site, browser)
    site.audit_error.append(OSError("disk full"))
    page = get(browser, f"/review/encounters/{coding}")
    assert page.status_code == 500 and MARKER not in page.text


def _without_ids(page: str) -> str:
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}", "", page)


# ----------------------------------------------------------------------------------------------------- writing, refusals, odd EHRs


def test_writing_back_is_written_down_before_it_is_done(site: Site, browser: FlaskClient) -> None:
    token = home(site, browser)
    site.coder.error = EhrUnavailable("gone")
    post(browser, "/review/code", keyed({"csrf": token, "encounter": "e1", "write_back": "yes"}))
    assert [entry.event for entry in site.audit[-2:]] == ["write-back", "code-encounter"]
    post(browser, "/review/code", keyed({"csrf": token, "encounter": "e1"}))
    assert len(site.events("write-back")) == 1


def test_nothing_is_written_back_that_cannot_be_written_down(site: Site, browser: FlaskClient) -> None:
    token = home(site, browser)
    site.audit_error.append(NotRecorded("full"))
    page = post(browser, "/review/code", keyed({"csrf": token, "encounter": "e1", "write_back": "yes"}))
    assert (page.status_code, site.coder.requests) == (503, [])


def test_trying_what_no_role_allows_is_written_down(site: Site, browser: FlaskClient) -> None:
    token = home(site, browser)
    assert post(browser, "/review/break-glass", {"csrf": token, "coding": "0" * 32, "reason": "x" * 20}).status_code == 403
    site.rules["default", "main"] = RoleRules(("auditor",))
    token = home(site, browser)
    assert post(browser, "/review/code", keyed({"csrf": token, "encounter": "e1"})).status_code == 403
    refused = [*site.events("break-glass"), *site.events("code-encounter")]
    assert [(entry.success, entry.agent.id) for entry in refused] == [(Success.REFUSED, "Practitioner/7")] * 2


ODD: dict[str, dict[str, Any]] = {
    "nulls": {"name": None, "birthDate": None, "type": None, "class": None, "period": None, "status": None},
    "texts": {"name": "x", "birthDate": "x", "type": "x", "class": "x", "period": "x", "status": "x"},
    "numbers": {"name": 1, "birthDate": 1, "type": 1, "class": 1, "period": 1, "status": 1},
    "lists of the wrong": {
        "name": [None, 1, "x", []],
        "birthDate": [],
        "type": [None, 1, [], {"coding": [None, 1]}],
        "class": [],
        "period": [],
    },
    "wrong within": {
        "name": [{"use": [], "family": 1, "given": "x"}, {"use": {}, "given": [1, None]}],
        "type": [{"text": 1, "coding": "x"}],
        "period": {"start": 1},
        "class": {"display": 1},
    },
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_what_an_ehr_says_amiss_never_keeps_a_person_out(site: Site, browser: FlaskClient, odd: dict[str, Any]) -> None:
    subject = {"subject": {"reference": "Patient/p1"}}
    site.ehr.resources = {
        "Patient/p1": {"resourceType": "Patient", "id": "p1", **odd},
        "Encounter/e1": {"resourceType": "Encounter", "id": "e1", **subject, **odd},
    }
    sign_in(site, browser, replace(LAUNCHED, need_patient_banner=True))
    page = get(browser, "/review/")
    assert page.status_code == 200 and '<option value="e1">' in page.text and "Patient/p1" in page.text


# -------------------------------------------------------------------------------------------------------- looking again


def test_a_new_signed_note_has_the_encounter_coded_again(site: Site, browser: FlaskClient) -> None:
    coding = site.save()
    token = home(site, browser)
    site.notes_now[:] = [Note(id="addendum", text="Systolic heart failure.")]
    answer = post(browser, f"/review/encounters/{coding}/look-again", {"csrf": token})
    assert answer.status_code == 303 and coding not in answer.headers["Location"]
    [asked] = site.coder.requests
    assert (asked.encounter_id, asked.ehr) == ("e1", "main")
    assert [entry.event for entry in site.audit if entry.event in {"look-again", "code-encounter"}] == ["look-again", "code-encounter"]


@pytest.mark.parametrize(("notes", "said"), [((), "no others"), ((Note(id="n9", text="Draft.", is_signed=False),), "not signed yet")])
def test_what_is_no_answer_changes_nothing(site: Site, browser: FlaskClient, notes: tuple[Note, ...], said: str) -> None:
    coding = site.save()
    token = home(site, browser)
    site.notes_now[:] = notes
    answer = post(browser, f"/review/encounters/{coding}/look-again", {"csrf": token})
    assert answer.status_code == 200 and said in answer.text and site.coder.requests == []


def test_nobody_looks_again_out_of_sight(site: Site, browser: FlaskClient) -> None:
    token = home(site, browser)
    site.notes_now[:] = [Note(id="addendum", text="Systolic heart failure.")]
    for place in NOT_MINE.values():
        assert post(browser, f"/review/encounters/{site.save(**place)}/look-again", {"csrf": token}).status_code == 404
    assert site.coder.requests == []
