"""``CodeSystem/$validate-code``: valid or not with a sentence why, and what is no question at all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fhir_coder.api.terminology.service import Terminology
from fhir_coder.api.terminology.validation import MOST_CODINGS
from terminology.release import Catalogue
from tests.api.conftest import issue_of, resource_of
from tests.api.terminology.conftest import EMBEDDED, ICD, OCTOBER, OLD, VALIDATE, Serve, get, named, send

SNOMED = "http://snomed.info/sct"
URL = {"name": "url", "valueUri": ICD}
TITLE = "Type 2 diabetes mellitus with diabetic chronic kidney disease"


def verdict(answer: TestResponse) -> tuple[bool, str, str]:
    """Result, message and display, empty where they are absent."""
    (result,) = named(answer, "result")
    return result, *(next(iter(named(answer, name)), "") for name in ("message", "display"))


def coding(name: str = "coding", **elements: Any) -> dict[str, Any]:
    return {"name": name, "valueCoding": elements}


def concept(*codings: dict[str, Any], **elements: Any) -> dict[str, Any]:
    return {"name": "codeableConcept", "valueCodeableConcept": elements | ({"coding": list(codings)} if codings else {})}


@pytest.mark.parametrize(
    ("given", "result", "says", "display"),
    [
        ({"code": "E11.22"}, True, "", TITLE),
        ({"code": "E11.22", "display": TITLE.upper()}, True, "", TITLE),
        ({"code": "E11.22", "display": "Diabetes"}, False, TITLE, TITLE),
        ({"code": "E11.2"}, True, "header", "Type 2 diabetes mellitus with kidney complications"),
        ({"code": "E11.2", "abstract": "true"}, True, "header", "Type 2 diabetes mellitus with kidney complications"),
        ({"code": "E11.2", "abstract": "false"}, False, "header", "Type 2 diabetes mellitus with kidney complications"),
        ({"code": "E11.22", "abstract": "false"}, True, "", TITLE),
        ({"code": "W21.89", "abstract": "false"}, False, "header", "Striking against or struck by other sports equipment"),
        ({"code": "W21.89XA", "abstract": "false"}, True, "", "Striking against or struck by other sports equipment, initial encounter"),
        ({"code": "E1122"}, False, "write E11.22", ""),
        ({"code": "e11.22"}, False, "write E11.22", ""),
        ({"code": "E99.9"}, False, "No such code", ""),
        ({"code": "I42.3", "version": OLD}, False, OCTOBER, ""),
        ({"code": "I42.3", "version": OCTOBER}, True, "", "Vanished cardiomyopathy"),
        ({"code": "I10", "version": "1999"}, False, OCTOBER, ""),
        ({"code": "I10", "date": "2020-01-01"}, False, "2020-01-01", ""),
        ({"code": "I10", "date": "2025-01-01"}, True, "", "Essential hypertension"),
        ({"code": "I10", "date": "2025-01-01", "version": EMBEDDED}, False, "does not hold", ""),
        (
            {"code": "I10", "displayLanguage": "en-US", "display": "essential (primary)  hypertension"},
            True,
            "",
            "Essential (primary) hypertension",
        ),
    ],
)
@pytest.mark.parametrize("form", ["json", "xml"])
def test_a_code(client: FlaskClient, given: dict[str, str], result: bool, says: str, display: str, form: str) -> None:
    found, message, title = verdict(get(client, VALIDATE, url=ICD, _format=form, **given))
    assert (found, title) == (result, display)
    assert says in message if says else message == ""


@pytest.mark.parametrize(
    ("elements", "result", "says"),
    [
        ({"system": ICD, "code": "I10"}, True, ""),
        ({"system": ICD, "code": "I10", "version": OLD, "display": "Essential hypertension"}, True, ""),
        ({"system": ICD, "code": "I10", "version": EMBEDDED, "display": "Essential hypertension"}, False, "title"),
        ({"system": ICD, "code": "I10", "version": "nothing"}, False, "installed"),
        ({"system": ICD}, False, "no code"),
        ({"system": SNOMED, "code": "38341003"}, False, "system"),
        ({"code": "I10"}, False, "system"),
    ],
)
def test_a_coding(client: FlaskClient, elements: dict[str, Any], result: bool, says: str) -> None:
    found, message, _ = verdict(send(client, VALIDATE, URL, coding(**elements)))
    assert found == result
    assert says in message if says else message == ""


def test_a_coding_and_the_version_asked_for_must_agree(client: FlaskClient) -> None:
    asked = {"name": "version", "valueString": OLD}
    assert verdict(send(client, VALIDATE, URL, coding(system=ICD, code="I10", version=OLD), asked))[0]
    assert verdict(send(client, VALIDATE, URL, coding(system=ICD, code="I10", version="FY2025"), asked))[0]
    found, message, _ = verdict(send(client, VALIDATE, URL, coding(system=ICD, code="I10", version=OCTOBER), asked))
    assert (found, "another version" in message) == (False, True)
    assert verdict(send(client, VALIDATE, URL, coding(system=ICD, code="I10"), asked))[2] == "Essential hypertension"


@pytest.mark.parametrize(
    ("given", "result", "says", "display"),
    [
        (concept({"system": ICD, "code": "E11.22"}), True, "", TITLE),
        (concept({"system": SNOMED, "code": "1"}, {"system": ICD, "code": "E11.22"}), True, "", TITLE),
        (concept({"system": ICD, "code": "E1122"}, {"system": ICD, "code": "E11.22"}), True, "coding[0]: This is not how", TITLE),
        (concept({"system": ICD, "code": "E11.22"}, {"system": ICD, "code": "E11.2"}), True, "coding[1]: E11.2 is a header", TITLE),
        (concept({"system": ICD, "code": "E1122"}, {"system": ICD, "code": "I10", "display": "x"}), False, "coding[1]: The title", ""),
        (concept({"system": SNOMED, "code": "1"}), False, "no coding of", ""),
        (concept(text="diabetes"), False, "no coding of", ""),
    ],
)
def test_a_concept_is_valid_when_one_of_its_codings_is(
    client: FlaskClient, given: dict[str, Any], result: bool, says: str, display: str
) -> None:
    found, message, title = verdict(send(client, VALIDATE, URL, given))
    assert (found, title) == (result, display)
    assert says in message if says else message == ""


def test_that_no_release_is_in_force_today_is_a_hint(serve: Serve, releases: Catalogue) -> None:
    later = serve(Terminology(releases, lambda: datetime(2031, 1, 1, tzinfo=UTC)))
    found, message, _ = verdict(get(later, VALIDATE, url=ICD, code="I10"))
    assert (found, message) == (True, f"No installed release is in force today; {EMBEDDED} is the nearest.")
    assert verdict(get(later, VALIDATE, url=ICD, code="I10", version=EMBEDDED))[1] == ""


def test_post_and_get_answer_alike(client: FlaskClient) -> None:
    body = [URL, {"name": "code", "valueCode": "E11.2"}, {"name": "abstract", "valueBoolean": False}]
    assert resource_of(send(client, VALIDATE, *body)) == resource_of(get(client, VALIDATE, url=ICD, code="E11.2", abstract="false"))


@pytest.mark.parametrize(
    ("given", "status", "code", "says"),
    [
        ({}, 400, "required", "url"),
        ({"code": "I10"}, 400, "required", "url"),
        ({"url": ICD}, 400, "required", "one of code"),
        ({"url": f"{ICD}|{EMBEDDED}", "code": "I10"}, 404, "not-found", ICD),
        ({"url": SNOMED, "code": "1"}, 404, "not-found", ICD),
        ({"url": ICD, "code": "I10", "version": "2026"}, 400, "invalid", f"{OCTOBER}, {EMBEDDED}"),
        ({"url": ICD, "code": "I10", "date": "2026"}, 400, "invalid", "day"),
        ({"url": ICD, "code": "I10", "abstract": "yes"}, 400, "invalid", "boolean"),
        ({"url": ICD, "code": "I10", "displayLanguage": "fr"}, 422, "not-supported", "English"),
        ({"url": ICD, "code": "I10", "system": ICD}, 400, "invalid", "unknown parameter"),
    ],
)
def test_what_is_refused(client: FlaskClient, given: dict[str, str], status: int, code: str, says: str) -> None:
    answer = get(client, VALIDATE, **given)
    assert (answer.status_code, issue_of(answer)["code"]) == (status, code)
    assert says in issue_of(answer)["diagnostics"]


CODE = {"name": "code", "valueCode": "I10"}


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ([CODE, coding(system=ICD, code="I10")], 400, "invalid"),
        ([coding(system=ICD, code="I10"), concept({"system": ICD, "code": "I10"})], 400, "invalid"),
        ([coding(system=ICD, code="I10"), {"name": "display", "valueString": "x"}], 400, "invalid"),
        ([{"name": "display", "valueString": "x"}], 400, "required"),
        ([concept(*[{"system": ICD, "code": "I10"}] * (MOST_CODINGS + 1))], 400, "invalid"),
        (
            [CODE, {"name": "codeSystem", "resource": {"resourceType": "CodeSystem", "status": "draft", "content": "complete"}}],
            422,
            "not-supported",
        ),
    ],
)
def test_what_is_refused_of_a_body(client: FlaskClient, given: list[dict[str, Any]], status: int, code: str) -> None:
    answer = send(client, VALIDATE, URL, *given)
    assert (answer.status_code, issue_of(answer)["code"]) == (status, code)
