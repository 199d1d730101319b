"""Decisions on the page of a coding: every act by its form, what is refused, and what a script of the page gets."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fhir_coder.model import Finding, Severity
from fhir_coder.people import RoleRules
from fhir_coder.service import ServiceLine
from fhir_coder.store.reviews import Maker
from fhir_coder.worklist.decision import Act, Decision, Someone
from fhir_coder.worklist.review import Review, State, Verdict
from tests.review.conftest import LAUNCHED, SIGNED_IN, Site, csrf_of, get, post, sign_in
from tests.store.conftest import coding_result

JSON = {"Accept": "application/json"}
ANN = Maker(Someone("Practitioner/9", "https://as.example", "Ann"))
BLOCKS = Finding("FCE200", "age-conflict", Severity.BLOCKING, ("R05.9",), "Not at this age.", "MCE")


class Desk:
    """A coder before the page of one coding."""

    def __init__(self, site: Site, browser: FlaskClient) -> None:
        self.site, self.browser = site, browser
        self.coding = site.save()
        self.path = f"/review/encounters/{self.coding}"
        sign_in(site, browser, SIGNED_IN)
        self.csrf = csrf_of(get(browser, "/review/"))

    def review(self) -> Review:
        found = self.site.reviews.find("default", self.coding)
        assert found
        return found.review

    def send(self, act: str, accept: str = "application/json", to: str = "decisions", **fields: str | list[str]) -> TestResponse:
        form = {"csrf": self.csrf, "version": str(self.review().version), "act": act} | fields
        return post(self.browser, f"{self.path}/{to}", form, Accept=accept)  # type: ignore[arg-type]

    def codes(self) -> list[str]:
        return [one.code for one in self.review().codes]


@pytest.fixture
def desk(site: Site, browser: FlaskClient) -> Desk:
    return Desk(site, browser)


def with_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The encounters have two service lines."""
    line = ServiceLine("http://www.ama-assn.org/go/cpt", "99213", "Procedure/1")
    facts = replace(coding_result().intake.encounter, services=(line, line))
    monkeypatch.setattr("fhir_coder.review.decided_lines.facts_of", lambda coding: facts)


def test_each_act_has_its_form(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole of a review by a person's hand; each answer brings the regions anew."""
    with_lines(monkeypatch)
    sent = [
        ("accept", {"code": "R05.9"}),
        ("move", {"code": "Q87.89", "position": "1"}),
        ("replace", {"code": "R05.9", "instead": "r05.1", "reason": "more-specific"}),
        ("reject", {"code": "Q87.89", "reason": "other", "text": "Seen elsewhere"}),
        ("restore", {"code": "Q87.89"}),
        ("add", {"code": "I10", "span": "1:0:4"}),
        ("evidence", {"code": "I10", "span": ["1:5:9"]}),
        ("link", {"code": "I10", "line": ["2", "1"]}),
        ("comment", {"code": "I10", "text": "Look\r\nhere"}),
        ("hold", {"reason": "second-opinion"}),
        ("release", {}),
        ("ask", {"text": "Which kind is it?"}),
        ("release", {}),
        ("assign", {"to_id": "Practitioner/9", "to_issuer": "https://as.example"}),
        ("undo", {}),
    ]
    for place, (act, fields) in enumerate(sent, start=1):
        answer = desk.send(act, **fields)  # type: ignore[arg-type]
        assert answer.status_code == 200, (act, answer.text)
        assert answer.json
        assert answer.json["version"] == place
        assert answer.json["said"]
        assert all(f'id="{name}"' in answer.json[name] for name in ("head", "codes", "inspector"))
    review = desk.review()
    assert [one.code for one in review.codes] == ["Q87.89", "R05.1", "I10"]
    assert (review.codes[2].lines, len(review.codes[2].spans)) == ((1, 2), 2)
    assert review.comments[0].text == "Look\nhere"
    assert review.state is State.WAITING
    assert desk.site.edits.asked[-1] == ("Q87.89", "R05.1", "I10")
    assert desk.send("sign-off").json["state"] == "signed"  # type: ignore[index]
    assert desk.send("reopen", reason="coding-error").json["state"] == "waiting"  # type: ignore[index]


def test_without_script_a_form_leads_back_to_the_code(desk: Desk) -> None:
    answer = desk.send("move", accept="text/html", code="Q87.89", position="1")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{desk.path}#code-1")
    page = get(desk.browser, desk.path).text
    assert re.findall(r'<li data-code="([^"]+)" data-rank', page) == ["Q87.89", "R05.9"]
    word = re.search(r'data-start="(\d+)">([^<]*)', page)
    assert word
    text = desk.site.repository.get("default", desk.coding).notes[0].text  # type: ignore[union-attr]
    assert desk.send("evidence", accept="text/html", code="R05.9", words=text[:20], note="1").status_code == 303
    assert desk.review().codes[1].spans[-1].end == 20
    assert desk.send("evidence", accept="text/html", code="R05.9", words="nobody wrote this", note="1").status_code == 400


def test_every_open_code_is_accepted_at_once(desk: Desk) -> None:
    assert desk.send("accept-all").status_code == 200
    assert {one.verdict for one in desk.review().codes} == {Verdict.ACCEPTED}
    assert desk.review().version == 2
    form = {"csrf": desk.csrf, "version": "0", "act": "accept-all"}
    assert post(desk.browser, f"{desk.path}/decisions", form).status_code == 409


@pytest.mark.parametrize(
    ("act", "fields", "status"),
    [
        ("dance", {}, 400),
        ("reject", {"code": "R05.9"}, 400),
        ("reject", {"code": "R05.9", "reason": "because"}, 400),
        ("add", {"code": "E11.2", "reason": "missed"}, 422),
        ("add", {"code": "Q99.99", "reason": "missed"}, 422),
        ("replace", {"code": "R05.9", "instead": "S52.501"}, 422),
        ("evidence", {"code": "R05.9", "span": "2:0:4"}, 400),
        ("evidence", {"code": "R05.9", "span": "1:0:999999"}, 400),
        ("evidence", {"code": "R05.9", "span": "1:9:4"}, 400),
        ("evidence", {"code": "R05.9", "span": "1:-1:4"}, 400),
        ("move", {"code": "R05.9", "position": "x"}, 400),
        ("comment", {"text": "x" * 4001}, 400),
        ("comment", {"text": "x", "override_finding": "FCE200"}, 400),
        ("accept", {"code": "I10"}, 409),
        ("undo", {}, 409),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(desk: Desk, act: str, fields: dict[str, str], status: int) -> None:
    answer = desk.send(act, **fields)  # type: ignore[arg-type]
    assert answer.status_code == status, answer.text
    assert answer.json
    assert answer.json["code"].startswith("FC")
    assert answer.json["error"]
    assert desk.review().version == 0
    assert desk.site.events("decide")[-1].success.value != "0"


def test_a_code_that_is_not_whole_says_what_it_leaves_open(desk: Desk) -> None:
    assert "seventh character" in desk.send("add", code="S52.501", reason="missed").json["error"]  # type: ignore[index]


def test_who_decided_on_an_older_version_sees_what_changed(desk: Desk) -> None:
    desk.site.reviews.decide("default", desk.coding, 0, Decision(Act.COMMENT, text="From elsewhere"), ANN)
    answer = post(desk.browser, f"{desk.path}/decisions", {"csrf": desk.csrf, "version": "0", "act": "accept", "code": "R05.9"}, **JSON)
    assert answer.status_code == 409
    assert answer.json
    assert (answer.json["code"], answer.json["version"]) == ("FC109", 1)
    assert "From elsewhere" in answer.json["codes"]


def test_one_person_at_a_time(desk: Desk) -> None:
    """Others may look and comment; when it is let go they go on."""
    desk.site.reviews.take("default", desk.coding, ANN)
    page = get(desk.browser, desk.path).text
    assert "Ann works on it until" in page
    assert 'value="accept"' not in page
    assert 'value="comment"' in page
    assert desk.send("accept", code="R05.9").status_code == 409
    assert desk.send("comment", text="Meanwhile").status_code == 200
    desk.site.reviews.let_go("default", desk.coding, ANN)
    assert desk.send("accept", code="R05.9").status_code == 200
    assert desk.send("", to="let-go").status_code == 200
    found = desk.site.reviews.find("default", desk.coding)
    assert found
    assert found.lock is None


def test_a_blocking_finding_is_overridden_by_who_may(desk: Desk) -> None:
    desk.site.edits.findings = (BLOCKS,)
    overriding = {"override_finding": "FCE200 R05.9", "override_reason": "finding-wrong", "override_text": "Born later"}
    assert desk.send("sign-off").status_code == 409
    assert desk.send("sign-off", override_finding="FCE200 R05.9", override_reason="", override_text="").status_code == 409
    assert desk.send("sign-off", **overriding).status_code == 200  # type: ignore[arg-type]
    assert desk.review().overrides[0].text == "Born later"


def test_rights_are_asked(site: Site, browser: FlaskClient) -> None:
    """A coder signs off and overrides nothing; an auditor reads; who sees nothing finds nothing."""
    site.rules["default", ""] = RoleRules(("coder",))
    coder = Desk(site, browser)
    site.edits.findings = (BLOCKS,)
    assert "by somebody who may override" in get(browser, coder.path).text
    refused = coder.send("sign-off", override_finding="FCE200 R05.9", override_reason="finding-wrong", override_text="")
    assert refused.status_code == 403
    site.rules["default", ""] = RoleRules(("auditor",))
    auditor = Desk(site, site.browser())
    assert auditor.send("reopen", reason="other", text="x").status_code == 403
    site.rules["default", ""] = RoleRules(("administrator",))
    administrator = Desk(site, site.browser())
    assert administrator.send("accept", code="R05.9").status_code == 403
    assert site.events("decide")[-1].detail == {"error": "FC104"}


def test_another_practice_patient_or_number_is_unknown(site: Site, browser: FlaskClient) -> None:
    sign_in(site, browser, LAUNCHED)
    csrf = csrf_of(get(browser, "/review/"))
    for coding in (site.save("north"), site.save(patient="p2"), "0" * 32, "x"):
        answer = post(browser, f"/review/encounters/{coding}/decisions", {"csrf": csrf, "version": "0", "act": "accept", "code": "R05.9"})
        assert answer.status_code == 404


def test_a_form_of_another_session_decides_nothing(desk: Desk) -> None:
    desk.csrf = "x"
    assert desk.send("accept", code="R05.9").status_code == 403
    assert desk.review().version == 0


def test_what_people_write_is_text(desk: Desk) -> None:
    assert desk.send("comment", code="R05.9", text="<script>alert(1)</script>").status_code == 200
    assert desk.send("reject", code="R05.9", reason="other", text="<b>no</b>").status_code == 200
    page = get(desk.browser, desk.path).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "&lt;b&gt;no" in page


def test_notes_are_sent_where_their_marks_changed(desk: Desk) -> None:
    page = get(desk.browser, desk.path).text
    found = re.search(r'data-marks="(\w+)"', page)
    assert found
    marks = found.group(1)
    assert "notes" not in desk.send("move", code="R05.9", position="2", marks=marks).json  # type: ignore[operator]
    assert "notes" in desk.send("add", code="I10", span="1:0:3", marks=marks).json  # type: ignore[operator]


def test_codes_left_out_are_sent_where_the_list_changed(desk: Desk) -> None:
    """A page that shows the list keeps it; one that shows another, or none, has it anew."""
    assert desk.send("reject", code="R05.9", reason="not-documented").status_code == 200
    found = re.search(r'id="left-out" data-name="(\w+)"', get(desk.browser, desk.path).text)
    assert found
    shown = found.group(1)
    kept = desk.send("comment", text="Seen.", left_out=shown).json["inspector"]  # type: ignore[index]
    assert '<details id="left-out" data-kept></details>' in kept and "Restore R05.9" not in kept
    assert f'data-name="{shown}"' in desk.send("comment", text="Again.").json["inspector"]  # type: ignore[index]
    changed = desk.send("restore", code="R05.9", left_out=shown).json["inspector"]  # type: ignore[index]
    assert "data-kept" not in changed and f'data-name="{shown}"' not in changed


def test_one_form_restores_every_code_without_script(desk: Desk) -> None:
    """A button outside of the form sends its code with it."""
    desk.send("reject", code="R05.9", reason="not-documented")
    page = get(desk.browser, desk.path).text
    assert page.count('<form id="restore-form"') == 1
    assert '<button class="plain small" type="submit" form="restore-form" name="code" value="R05.9"' in page
    form = re.search(r'<form id="restore-form".*?</form>', page, re.DOTALL)
    assert form and 'name="act" value="restore"' in form.group() and 'name="code"' not in form.group()


def test_what_was_coded_again_leads_to_its_newer_coding(desk: Desk) -> None:
    newer = desk.site.save()
    page = get(desk.browser, desk.path).text
    assert f'href="/review/encounters/{newer}"' in page
    assert desk.send("accept", code="R05.9").status_code == 409


def test_the_glass_shows_and_decides_nothing(site: Site, browser: FlaskClient) -> None:
    site.rules["default", ""] = RoleRules(("administrator",))
    coding = site.save()
    sign_in(site, browser, replace(SIGNED_IN))
    opened = {"csrf": csrf_of(get(browser, "/review/")), "coding": coding, "reason": "Asked by the privacy officer"}
    assert post(browser, "/review/break-glass", opened).status_code == 303
    page = get(browser, f"/review/encounters/{coding}").text
    assert "The glass is broken" in page
    assert "data-decision" not in page


def test_who_signs_nothing_off_decides_nothing(site: Site, browser: FlaskClient) -> None:
    """An auditor looks, as on the worklist: what is audited is not changed by who audits it. A comment is no change."""
    site.rules["default", ""] = RoleRules(("auditor",))
    auditor = Desk(site, browser)
    page = get(browser, auditor.path).text
    assert all(f'name="act" value="{act}"' not in page for act in ("accept", "reject", "hold", "ask", "undo"))
    refused = [("accept", {"code": "R05.9"}), ("accept-all", {}), ("hold", {"reason": "second-opinion"}), ("ask", {"text": "Which?"})]
    assert {auditor.send(act, **fields).status_code for act, fields in refused} == {403}  # type: ignore[arg-type]
    assert auditor.send("", to="follow-ups").status_code == 403
    assert auditor.review().version == 0
    assert auditor.send("comment", text="Look at the note of May").status_code == 200


@pytest.mark.parametrize("field", ["text", "finding", "reason", "to_id"])
def test_a_form_with_a_nul_is_none_of_ours(desk: Desk, field: str) -> None:
    """PostgreSQL keeps none in a text: it would be a fault of the server."""
    assert desk.send("comment", **({"text": "x"} | {field: "a\0b"})).status_code == 400
    assert get(desk.browser, "/review/worklist?q=a%00b").status_code == 400


def test_only_lines_that_are_there_are_linked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with_lines(monkeypatch)
    assert desk.send("link", code="R05.9", line="3").status_code == 400
    assert desk.send("add", code="I10", reason="missed", line="3").status_code == 400
    assert desk.send("link", code="R05.9", line=["1", "2"]).status_code == 200


def test_a_decision_is_taken_back_by_its_number(desk: Desk) -> None:
    """The list on the page names every decision that can be; taking an undo back lets it stand again."""
    desk.send("accept", code="R05.9")
    desk.send("reject", code="Q87.89", reason="integral")
    page = get(desk.browser, desk.path).text
    assert re.findall(r'name="undoes" value="(\d+)"', page) == ["2", "1"]
    assert desk.send("undo", undoes="1").status_code == 200
    assert (desk.review().codes[0].verdict, desk.codes()) == (Verdict.OPEN, ["R05.9"])
    assert re.findall(r'name="undoes" value="(\d+)"', get(desk.browser, desk.path).text) == ["3", "2"]
    assert desk.send("undo", undoes="3").status_code == 200
    assert desk.review().codes[0].verdict is Verdict.ACCEPTED


def test_a_review_is_assigned_on_its_page(desk: Desk) -> None:
    """To oneself, to somebody known by name, to nobody, or by an id at one's own sign-in server; never to nobody by an empty form."""
    desk.site.reviews.decide("default", desk.coding, 0, Decision(Act.COMMENT, text="x"), ANN)
    page = get(desk.browser, desk.path).text
    assert 'id="assign"' in page and '<option value="Practitioner/9|https://as.example">Ann</option>' in page
    assert desk.send("assign").status_code == 400
    assigned = []
    for fields in ({"to": "me"}, {"to": "Practitioner/9|https://as.example"}, {"to": "nobody", "to_id": "sub-8"}, {"to": "nobody"}):
        form = {"csrf": desk.csrf, "version": str(desk.review().version), "act": "assign"} | fields
        assert post(desk.browser, f"{desk.path}/decisions", form).status_code == 303
        to = desk.review().assigned
        assigned.append((to.id, to.name) if to else None)
    assert assigned[1:] == [("Practitioner/9", "Ann"), ("sub-8", ""), None] and assigned[0]


def test_the_encounter_is_commented_on_where_no_code_stands(desk: Desk) -> None:
    for code in desk.codes():
        assert desk.send("reject", code=code, reason="not-documented").status_code == 200
    page = get(desk.browser, desk.path).text
    assert 'id="plain-comment-text"' in page and 'data-key="M" data-code=""' in page
    assert desk.send("comment", text="Nothing of it is in the note").status_code == 200
    assert "Nothing of it is in the note" in get(desk.browser, desk.path).text
