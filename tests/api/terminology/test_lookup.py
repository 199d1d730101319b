"""``CodeSystem/$lookup``: what a release says of a code, by which version, and what is not found."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_coder.api.terminology.properties import PROPERTIES
from fhir_coder.api.terminology.service import Terminology
from terminology.release import Catalogue
from tests.api.conftest import issue_of, resource_of
from tests.api.terminology.conftest import EMBEDDED, ICD, LOOKUP, OCTOBER, OLD, Serve, get, named, properties, send


def values(client: FlaskClient, code: str, name: str, version: str = EMBEDDED) -> list[Any]:
    return [one["value"] for one in properties(get(client, LOOKUP, system=ICD, code=code, version=version)) if one["code"] == name]


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("base", ["/fhir", "/t/default/fhir", "/t/north/fhir"])
def test_a_code_is_looked_up_on_each_base_and_in_each_format(client: FlaskClient, base: str, form: str) -> None:
    answer = client.get(f"{base}/{LOOKUP}", query_string={"system": ICD, "code": "E11.22", "_format": form})
    assert form in answer.headers["Content-Type"]
    assert named(answer, "version") == [EMBEDDED]
    assert named(answer, "display") == ["Type 2 diabetes mellitus with diabetic chronic kidney disease"]
    assert "ICD-10-CM" in named(answer, "name")[0]


@pytest.mark.parametrize(
    ("code", "name", "expected"),
    [
        ("E11.22", "parent", ["E11.2"]),
        ("E11", "parent", []),
        ("E11.2", "child", ["E11.21", "E11.22", "E11.29"]),
        ("E11.22", "child", []),
        ("W21.89", "child", ["W21.89XA", "W21.89XD", "W21.89XS"]),
        ("W21.89XD", "parent", ["W21.89"]),
        ("E11.2", "notSelectable", [True]),
        ("E11.22", "notSelectable", [False]),
        ("E11.2", "billable", [False]),
        ("E11.22", "billable", [True]),
        ("W21.89", "billable", [False]),
        ("E11.2", "inactive", [False]),
        ("E11.22", "chapter", ["4"]),
        ("E11.22", "section", ["E08-E13"]),
        ("W21.89", "seventhCharacter", ["A", "D", "S"]),
        ("W21.89XD", "seventhCharacter", ["D"]),
        ("E11.22", "seventhCharacter", []),
        ("E11.22", "useAdditionalCode", ["code to identify stage of chronic kidney disease (N18.1-N18.6)"]),
        ("C25", "codeAlso", ["if applicable exocrine pancreatic insufficiency (K86.81)"]),
        ("I10", "caveat", []),
    ],
)
def test_a_property(client: FlaskClient, code: str, name: str, expected: list[Any]) -> None:
    found = values(client, code, name)
    assert found[: len(expected)] == expected if name in {"useAdditionalCode", "codeAlso"} else found == expected


def test_inherited_notes_name_where_they_stand(client: FlaskClient) -> None:
    answer = get(client, LOOKUP, system=ICD, code="I42.0", version=OCTOBER)
    notes = {one["code"]: one for one in properties(answer) if "subproperty" in one}
    owners = {
        kind: {part["name"]: part.get("valueString") or part.get("valueCode") for part in note["subproperty"]}
        for kind, note in notes.items()
    }
    assert {kind: note["value"] for kind, note in notes.items()} == {"excludes1": "heart attack (I21)", "excludes2": "injury (S00-T88)"}
    assert owners["excludes1"] == {"code": "owner", "value": "I42", "description": "Cardiomyopathy"}
    assert owners["excludes2"] == {"code": "owner", "value": "chapter 9", "description": "Circulatory (I00-I99)"}


def test_a_note_of_a_section_and_an_inclusion_term(client: FlaskClient) -> None:
    assert values(client, "I10", "useAdditionalCode", OCTOBER) == ["tobacco use (Z72.0)"]
    assert values(client, "I10", "inclusionTerm", OCTOBER) == ["high blood pressure"]
    assert values(client, "I10", "caveat", OLD) == ["codes only: notes and index not updated"]


def test_every_kind_of_property_is_found_somewhere_and_has_its_type(client: FlaskClient, releases: Catalogue) -> None:
    seen = {}
    first = {}
    for found in releases.releases:
        for code in found.codebook.printed_codes():
            for kind, _ in found.codebook.own_notes(code):
                first.setdefault(kind, (code, found.id))
    for code, version in (("I10", OLD), ("W21.89", EMBEDDED), ("W21.89XA", EMBEDDED), *first.values()):
        for part in named(get(client, LOOKUP, system=ICD, code=code, version=version), "property"):
            (value,) = [one for one in part if one["name"] == "value"]
            seen[part[0]["valueCode"]] = next(key for key in value if key != "name")
    assert seen == {one.code: f"value{one.type.capitalize()}" for one in PROPERTIES}


def test_umbrella_sections_have_their_title(client: FlaskClient) -> None:
    """Notes of C00-C96, which has no codes of its own, hold for what is below; whatever has notes has a title."""
    for code in ("C50.911", "T20.00XA", "B20", "H54.0X33", "Z68.1"):
        for one in properties(get(client, LOOKUP, system=ICD, code=code)):
            if "subproperty" in one:
                assert one["subproperty"][-1]["valueString"]


def test_only_the_properties_asked_for_are_told(client: FlaskClient) -> None:
    answer = get(client, LOOKUP, ("property", "parent"), ("property", "url"), system=ICD, code="E11.22")
    assert [(one["code"], one["value"]) for one in properties(answer)] == [("url", ICD), ("parent", "E11.2")]
    assert named(get(client, LOOKUP, system=ICD, code="E11.22", property="display"), "property") == []
    assert list(properties(get(client, LOOKUP, system=ICD, code="E11.22", property="lang.de"))) == []
    assert "url" not in {one["code"] for one in properties(get(client, LOOKUP, system=ICD, code="E11.22"))}


def test_a_property_that_nobody_knows_is_refused_where_the_caller_is_strict(client: FlaskClient) -> None:
    asked = {"system": ICD, "code": "I10", "property": "colour"}
    assert list(properties(get(client, LOOKUP, **asked))) == []
    answer = get(client, LOOKUP, headers={"Prefer": "handling=strict"}, **asked)
    assert (answer.status_code, issue_of(answer)["code"]) == (400, "invalid")
    known = asked | {"property": "designation"}
    assert get(client, LOOKUP, headers={"Prefer": "handling=strict"}, **known).headers["Preference-Applied"] == "handling=strict"


def coding(**elements: str) -> dict[str, Any]:
    return {"name": "coding", "valueCoding": elements}


@pytest.mark.parametrize(
    ("version", "day", "expected"),
    [
        (None, None, (EMBEDDED, "Essential (primary) hypertension")),
        (OLD, None, (OLD, "Essential hypertension")),
        ("2025", None, (OLD, "Essential hypertension")),
        ("FY2025", None, (OLD, "Essential hypertension")),
        (None, "2025-01-01", (OLD, "Essential hypertension")),
        (None, "2025-09-30T23:59:59-05:00", (OLD, "Essential hypertension")),
        (None, "2025-10-01", (OCTOBER, "Essential (primary) hypertension")),
        (None, "2026-03-31", (OCTOBER, "Essential (primary) hypertension")),
        (OCTOBER, "2026-01-01", (OCTOBER, "Essential (primary) hypertension")),
    ],
)
def test_the_release_follows_from_version_or_date(
    client: FlaskClient, version: str | None, day: str | None, expected: tuple[str, str]
) -> None:
    given = {name: value for name, value in (("version", version), ("date", day)) if value}
    answer = get(client, LOOKUP, system=ICD, code="I10", **given)
    assert (*named(answer, "version"), *named(answer, "display")) == expected
    body = [{"name": "system", "valueUri": ICD}, {"name": "code", "valueCode": "I10"}]
    body += [{"name": name, "valueString" if name == "version" else "valueDateTime": value} for name, value in given.items()]
    assert resource_of(send(client, LOOKUP, *body)) == resource_of(answer)


def test_a_coding_says_all_of_it(client: FlaskClient) -> None:
    assert named(send(client, LOOKUP, coding(system=ICD, code="I10", version=OLD)), "version") == [OLD]
    given = {"name": "version", "valueString": OLD}
    assert named(send(client, LOOKUP, coding(system=ICD, code="I10", version=OLD), given), "version") == [OLD]
    assert named(send(client, LOOKUP, coding(system=ICD, code="I10"), given), "version") == [OLD]
    assert named(send(client, LOOKUP, coding(system=ICD, code="I10", version="2025"), given), "version") == [OLD]


def test_what_one_release_has_another_has_not(client: FlaskClient) -> None:
    assert named(get(client, LOOKUP, system=ICD, code="I42.3", version=OCTOBER), "display") == ["Vanished cardiomyopathy"]
    issue = issue_of(get(client, LOOKUP, system=ICD, code="I42.3", version=OLD))
    assert (issue["code"], issue["details"]["text"]) == (
        "not-found",
        f"No such code in ICD-10-CM release {OLD}. It is a code of {OCTOBER}, {EMBEDDED}.",
    )


def test_without_a_release_in_force_the_nearest_answers_and_names_itself(serve: Serve, releases: Catalogue) -> None:
    later = serve(Terminology(releases, lambda: datetime(2031, 1, 1, tzinfo=UTC)))
    assert named(get(later, LOOKUP, system=ICD, code="I10"), "version") == [EMBEDDED]


@pytest.mark.parametrize(
    ("given", "status", "code", "says"),
    [
        ({}, 400, "required", "code and system"),
        ({"code": "I10"}, 400, "required", "code and system"),
        ({"system": ICD}, 400, "required", "code and system"),
        ({"system": "http://snomed.info/sct", "code": "I10"}, 404, "not-found", ICD),
        ({"system": ICD, "code": "E1122"}, 404, "not-found", "write E11.22"),
        ({"system": ICD, "code": "e11.22"}, 404, "not-found", "write E11.22"),
        ({"system": ICD, "code": "s52501a"}, 404, "not-found", "write S52.501A"),
        ({"system": ICD, "code": "E99.99"}, 404, "not-found", "No such code"),
        ({"system": ICD, "code": "S52.501Z"}, 404, "not-found", "No such code"),
        ({"system": ICD, "code": "I10", "version": "1999-10-01"}, 404, "not-found", OCTOBER),
        ({"system": ICD, "code": "I10", "version": "2026"}, 400, "invalid", f"{OCTOBER}, {EMBEDDED}"),
        ({"system": ICD, "code": "I10", "date": "2020-01-01"}, 404, "not-found", "2020-01-01"),
        ({"system": ICD, "code": "I10", "date": "2025"}, 400, "invalid", "day"),
        ({"system": ICD, "code": "I10", "date": "2025-02"}, 400, "invalid", "day"),
        ({"system": ICD, "code": "I10", "date": "2025-02-30"}, 400, "invalid", "dateTime"),
        ({"system": ICD, "code": "I10", "date": "2025-01-01", "version": EMBEDDED}, 404, "not-found", "does not hold"),
        ({"system": ICD, "code": "I10", "displayLanguage": "de"}, 422, "not-supported", "English"),
        ({"system": ICD, "code": "I10 "}, 400, "invalid", "type code"),
        ({"system": ICD, "code": "I10", "colour": "red"}, 400, "invalid", "unknown parameter"),
        ({"system": ICD, "code": "I10", "coding": "I10"}, 400, "invalid", "Coding"),
    ],
)
def test_what_is_refused(client: FlaskClient, given: dict[str, str], status: int, code: str, says: str) -> None:
    answer = get(client, LOOKUP, **given)
    assert (answer.status_code, issue_of(answer)["code"]) == (status, code)
    assert says in issue_of(answer)["diagnostics"]


@pytest.mark.parametrize(
    ("given", "code", "place"),
    [
        ([coding(system=ICD)], "required", "Parameters.parameter[0]"),
        ([coding(code="I10")], "required", "Parameters.parameter[0]"),
        ([coding(system=ICD, code="I10"), {"name": "code", "valueCode": "I10"}], "invalid", "Parameters.parameter[0]"),
        ([coding(system=ICD, code="I10", version=OLD), {"name": "version", "valueString": OCTOBER}], "invalid", "Parameters.parameter[1]"),
        ([coding(system=ICD, code="I10")] * 2, "invalid", "Parameters.parameter[1]"),
        ([{"name": "code", "valueString": "I10"}], "invalid", "Parameters.parameter[0]"),
        ([{"name": "tx", "valueString": "I10"}], "invalid", "Parameters.parameter[0]"),
    ],
)
def test_what_is_refused_of_a_body_names_its_place(client: FlaskClient, given: list[dict[str, Any]], code: str, place: str) -> None:
    answer = send(client, LOOKUP, *given)
    assert answer.status_code == 400
    assert (issue_of(answer)["code"], issue_of(answer)["expression"]) == (code, [place])


def test_english_in_any_country_is_english(client: FlaskClient) -> None:
    assert {get(client, LOOKUP, system=ICD, code="I10", displayLanguage=one).status_code for one in ("en", "en-US", "EN-gb")} == {200}


def test_a_lookup_takes_a_few_milliseconds(client: FlaskClient) -> None:
    """The bound is 5 ms; the best of twenty, as other work shares the machine."""
    took = []
    for _ in range(20):
        started = time.perf_counter()
        get(client, LOOKUP, system=ICD, code="E11.22")
        took.append(time.perf_counter() - started)
    assert min(took) < 0.005
