"""``ValueSet/$expand``: the implicit value sets page by page, filtered, by release; and what is refused instead of ignored."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_coder.api.terminology.expansion import LONGEST_FILTER, MOST_CODES
from fhir_coder.api.terminology.service import Terminology
from terminology.codebook import Codebook
from terminology.release import Catalogue, Release
from tests.api.conftest import issue_of, resource_of
from tests.api.terminology.conftest import EMBEDDED, EXPAND, ICD, NOW, OCTOBER, OLD, WHOLE, Serve, codes_of, get, send

SMALL = ["I10", "I42", "I42.0", "S23", "S23.4", "S23.4XXA", "S23.4XXD", "S23.4XXS"]
"""The codes of the oldest release."""


def old(client: FlaskClient, *pairs: tuple[str, str], **query: str) -> Any:
    return get(client, EXPAND, *pairs, url=WHOLE, valueSetVersion=OLD, **query)


def parameters_of(answer: Any) -> dict[str, Any]:
    """ValueSet.expansion.parameter by name."""
    return {
        one["name"]: next(value for key, value in one.items() if key != "name") for one in resource_of(answer)["expansion"]["parameter"]
    }


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("base", ["/fhir", "/t/north/fhir"])
def test_a_small_expansion_is_told_whole(client: FlaskClient, base: str, form: str) -> None:
    answer = client.get(f"{base}/{EXPAND}", query_string={"url": WHOLE, "valueSetVersion": OLD, "_format": form})
    found = resource_of(answer)
    expansion = found["expansion"]
    assert (found["url"], found["version"], found["status"], "compose" in found) == (WHOLE, OLD, "active", False)
    assert (expansion["total"], "offset" in expansion, expansion["timestamp"]) == (8, False, "2026-05-04T23:30:00Z")
    assert expansion["identifier"].startswith("urn:uuid:")
    assert codes_of(answer) == SMALL
    assert [one["code"] for one in expansion["contains"] if one.get("abstract")] == ["I42", "S23", "S23.4"]
    assert expansion["contains"][5] == {"system": ICD, "code": "S23.4XXA", "display": "Sprain of ribs, initial encounter"}
    assert parameters_of(answer) == {"version": f"{ICD}|{OLD}"}


def test_the_pages_of_the_whole_set_add_up_to_its_total(client: FlaskClient, codebook: Codebook) -> None:
    """Every code of the embedded release once, in tabular order, whatever the page."""
    total = resource_of(get(client, EXPAND, url=WHOLE, count="0"))["expansion"]["total"]
    found: list[str] = []
    identifiers = set()
    while len(found) < total:
        answer = get(client, EXPAND, url=WHOLE, count=str(MOST_CODES), offset=str(len(found)))
        expansion = json.loads(answer.data)["expansion"]
        assert (expansion["total"], expansion["offset"]) == (total, len(found))
        identifiers.add(expansion["identifier"])
        found += [one["code"] for one in expansion["contains"]]
    assert found == list(codebook.codes())
    assert len(identifiers) == 1
    assert codes_of(get(client, EXPAND, url=WHOLE, count="5", offset=str(total))) == []


def test_count_zero_gives_the_total_alone(client: FlaskClient) -> None:
    expansion = resource_of(old(client, count="0"))["expansion"]
    assert (expansion["total"], "contains" in expansion, expansion["offset"]) == (8, False, 0)


def test_the_selectable_codes_alone(client: FlaskClient, codebook: Codebook) -> None:
    answer = old(client, excludeNotForUI="true")
    assert codes_of(answer) == ["I10", "I42.0", "S23.4XXA", "S23.4XXD", "S23.4XXS"]
    assert parameters_of(answer)["excludeNotForUI"] is True
    expansion = resource_of(get(client, EXPAND, url=WHOLE, excludeNotForUI="true", count="0"))["expansion"]
    assert expansion["total"] == codebook.billable_count


@pytest.mark.parametrize(
    ("root", "version", "expected"),
    [
        ("I42", OCTOBER, ["I42", "I42.0", "I42.3"]),
        ("I42", OLD, ["I42", "I42.0"]),
        ("S23.4", OLD, ["S23.4", "S23.4XXA", "S23.4XXD", "S23.4XXS"]),
        ("S23.4XXD", OLD, ["S23.4XXD"]),
        ("I10", EMBEDDED, ["I10"]),
        ("E11.2", EMBEDDED, ["E11.2", "E11.21", "E11.22", "E11.29"]),
    ],
)
def test_a_code_with_everything_below(client: FlaskClient, root: str, version: str, expected: list[str]) -> None:
    url = f"{WHOLE}=isa/{root}"
    answer = get(client, EXPAND, url=f"{url}|{version}", includeDefinition="true")
    assert codes_of(answer) == expected
    (include,) = resource_of(answer)["compose"]["include"]
    assert resource_of(answer)["url"] == url
    assert include == {"system": ICD, "version": version, "filter": [{"property": "concept", "op": "is-a", "value": root}]}


def test_the_definition_of_the_whole(client: FlaskClient) -> None:
    assert resource_of(old(client, includeDefinition="true"))["compose"] == {"include": [{"system": ICD, "version": OLD}]}
    assert "compose" not in resource_of(old(client, includeDefinition="false"))


# ------------------------------------------------------------------------------------------------------------------------- filter


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("hypertension", ["H40.05"]),
        ("asthma", ["J45"]),
        ("diab type 2", ["E11"]),
        ("E11.2", ["E11.2", "E11.21", "E11.22", "E11.29"]),
        ("e112", ["E11.2", "E11.21", "E11.22", "E11.29"]),
        ("S52.501A", ["S52.501A"]),
        ("E11 kidney", ["E11.2"]),
        ("meniere", ["H81.0"]),
        ("high blood pressure", ["I10"]),
    ],
)
def test_a_filter_finds_words_of_titles_and_terms_and_beginnings_of_codes(client: FlaskClient, words: str, first: list[str]) -> None:
    answer = get(client, EXPAND, url=WHOLE, filter=words, count="20")
    assert codes_of(answer)[: len(first)] == first
    assert parameters_of(answer) == {"version": f"{ICD}|{EMBEDDED}", "filter": words, "count": 20}


def test_a_filter_stays_below_the_root_and_with_what_is_selectable(client: FlaskClient) -> None:
    found = codes_of(get(client, EXPAND, url=f"{WHOLE}=isa/E11", filter="kidney"))
    assert found and all(code.startswith("E11") for code in found)
    billable = codes_of(get(client, EXPAND, url=f"{WHOLE}=isa/E11", filter="kidney", excludeNotForUI="true"))
    assert billable == [code for code in found if code != "E11.2"]


def test_the_pages_of_a_filter_add_up(client: FlaskClient) -> None:
    whole = codes_of(get(client, EXPAND, url=WHOLE, filter="fracture radius closed"))
    pages = [
        code
        for offset in range(0, len(whole) + 40, 40)
        for code in codes_of(get(client, EXPAND, url=WHOLE, filter="fracture radius closed", count="40", offset=str(offset)))
    ]
    assert len(whole) > 80
    assert (pages, len(set(pages))) == (whole, len(whole))


@pytest.mark.parametrize("words", ["--", "zzzz", "hypertension zzzz", "…", "%"])
def test_a_filter_that_fits_nothing_finds_nothing(client: FlaskClient, words: str) -> None:
    expansion = resource_of(get(client, EXPAND, url=WHOLE, filter=words))["expansion"]
    assert (expansion["total"], "contains" in expansion) == (0, False)


def test_a_filter_that_nobody_filled_in_is_none(client: FlaskClient) -> None:
    assert codes_of(old(client, filter="")) == SMALL


# ------------------------------------------------------------------------------------------------------------------------ release


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, EMBEDDED),
        ({"date": "2025-12-24"}, OCTOBER),
        ({"valueSetVersion": "FY2025"}, OLD),
        ({"url": f"{WHOLE}|{OLD}"}, OLD),
        ({"url": f"{WHOLE}|{OLD}", "valueSetVersion": "2025"}, OLD),
        ({"system-version": f"{ICD}|{OLD}"}, OLD),
        ({"system-version": f"{ICD}|{OLD}", "valueSetVersion": OCTOBER}, OCTOBER),
        ({"system-version": "http://loinc.org|2.77"}, EMBEDDED),
        ({"force-system-version": f"{ICD}|{OLD}", "valueSetVersion": OCTOBER}, OLD),
        ({"check-system-version": f"{ICD}|{EMBEDDED}"}, EMBEDDED),
    ],
)
def test_the_release_follows_from_the_value_set_the_version_or_the_date(client: FlaskClient, asked: dict[str, str], expected: str) -> None:
    answer = get(client, EXPAND, *({"url": WHOLE, "count": "1"} | asked).items())
    assert resource_of(answer)["version"] == expected
    echoed = parameters_of(answer)
    assert echoed["version"] == f"{ICD}|{expected}"
    assert {name: echoed[name] for name in asked if name not in {"url", "valueSetVersion"}} == {
        name: value for name, value in asked.items() if name not in {"url", "valueSetVersion"}
    }


def test_releases_differ(client: FlaskClient) -> None:
    found = {version: codes_of(get(client, EXPAND, url=f"{WHOLE}=isa/I42|{version}")) for version in (OLD, OCTOBER)}
    assert (found[OCTOBER] != found[OLD], set(found[OLD]) < set(found[OCTOBER])) == (True, True)


# ----------------------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("asked", "status", "code", "says"),
    [
        ({"url": ""}, 400, "required", "url"),
        ({}, 422, "too-costly", str(MOST_CODES)),
        ({"count": str(MOST_CODES + 1)}, 422, "too-costly", "count"),
        ({"offset": "10"}, 422, "too-costly", "count 0"),
        ({"filter": "of"}, 422, "too-costly", "filter"),
        ({"count": "-1"}, 400, "invalid", "count"),
        ({"offset": "-1", "count": "1"}, 400, "invalid", "offset"),
        ({"count": "many"}, 400, "invalid", "integer"),
        ({"count": "1.0"}, 400, "invalid", "integer"),
        ({"count": str(2**31)}, 400, "invalid", "integer"),
        ({"filter": "x" * (LONGEST_FILTER + 1)}, 400, "invalid", str(LONGEST_FILTER)),
        ({"filter": "\x00"}, 400, "invalid", "string"),
        ({"url": "http://loinc.org/vs"}, 404, "not-found", WHOLE),
        ({"url": ICD}, 404, "not-found", WHOLE),
        ({"url": f"{WHOLE}=refset/1"}, 404, "not-found", WHOLE),
        ({"url": f"{WHOLE}=isa/E112"}, 404, "not-found", "write E11.2"),
        ({"url": f"{WHOLE}=isa/I99.99"}, 404, "not-found", "No such code"),
        ({"url": f"{WHOLE}=isa/I42.3|{OLD}"}, 404, "not-found", OCTOBER),
        ({"url": f"{WHOLE}|1999"}, 404, "not-found", OCTOBER),
        ({"valueSetVersion": "2026"}, 400, "invalid", OCTOBER),
        ({"url": f"{WHOLE}|{OLD}", "valueSetVersion": OCTOBER}, 400, "invalid", "different"),
        ({"url": f"{WHOLE}|{OLD}", "date": "2026-05-05"}, 404, "not-found", "does not hold"),
        ({"date": "2020-01-01"}, 404, "not-found", "2020-01-01"),
        ({"system-version": ICD}, 400, "invalid", "[system]|[version]"),
        ({"system-version": f"{ICD}|1999"}, 404, "not-found", OCTOBER),
        ({"check-system-version": f"{ICD}|{OLD}"}, 400, "invalid", EMBEDDED),
        ({"context": "http://hl7.org/fhir/StructureDefinition/Condition#Condition.code"}, 422, "not-supported", "context"),
        ({"contextDirection": "incoming"}, 422, "not-supported", "context"),
        ({"exclude-system": ICD}, 422, "not-supported", "exclude"),
        ({"displayLanguage": "de"}, 422, "not-supported", "English"),
        ({"property": "parent"}, 400, "invalid", "unknown parameter"),
        ({"excludeNested": "maybe"}, 400, "invalid", "boolean"),
        ({"valueSet": "x"}, 400, "invalid", "POST"),
    ],
)
def test_what_is_refused(client: FlaskClient, asked: dict[str, str], status: int, code: str, says: str) -> None:
    answer = get(client, EXPAND, *({"url": WHOLE} | asked).items())
    assert (answer.status_code, issue_of(answer)["code"]) == (status, code)
    assert says in issue_of(answer)["diagnostics"]


def test_two_versions_of_the_code_system_are_refused(client: FlaskClient) -> None:
    answer = get(client, EXPAND, ("system-version", f"{ICD}|{OLD}"), ("system-version", f"{ICD}|{OCTOBER}"), url=WHOLE)
    assert (answer.status_code, issue_of(answer)["code"]) == (400, "invalid")
    body = [{"name": "url", "valueUri": WHOLE}, *({"name": "system-version", "valueCanonical": f"{ICD}|{one}"} for one in (OLD, OCTOBER))]
    assert issue_of(send(client, EXPAND, *body))["expression"] == ["Parameters.parameter[1]"]


def test_a_value_set_that_is_sent_along_is_refused(client: FlaskClient) -> None:
    answer = send(client, EXPAND, {"name": "valueSet", "resource": {"resourceType": "ValueSet", "status": "draft", "url": WHOLE}})
    assert (answer.status_code, issue_of(answer)["code"], issue_of(answer)["expression"]) == (
        422,
        "not-supported",
        ["Parameters.parameter[0]"],
    )


WITHOUT_EFFECT = {"activeOnly", "includeDesignations", "excludeNested", "excludePostCoordinated"}


@pytest.mark.parametrize("value", ["true", "false"])
@pytest.mark.parametrize("name", sorted(WITHOUT_EFFECT))
def test_what_changes_nothing_here_is_accepted_and_named(client: FlaskClient, name: str, value: str) -> None:
    answer = old(client, (name, value))
    assert codes_of(answer) == SMALL
    assert parameters_of(answer)[name] is (value == "true")
    assert not any("contains" in one or "designation" in one for one in resource_of(answer)["expansion"]["contains"])


def test_post_and_get_answer_alike(client: FlaskClient) -> None:
    body = [{"name": "url", "valueUri": WHOLE}, {"name": "filter", "valueString": "cardio"}, {"name": "count", "valueInteger": 1}]
    answer = send(client, EXPAND, *body, {"name": "date", "valueDateTime": "2025-01-01"}, {"name": "designation", "valueString": "|en"})
    assert codes_of(answer) == ["I42"]
    assert resource_of(answer) == resource_of(
        get(client, EXPAND, url=WHOLE, filter="cardio", count="1", date="2025-01-01", designation="|en")
    )


def test_where_none_is_in_force_the_nearest_release_is_expanded(serve: Serve, small_releases: tuple[Release, Release]) -> None:
    client = serve(Terminology(Catalogue(small_releases), lambda: NOW))
    assert codes_of(get(client, EXPAND, url=WHOLE)) == [*SMALL[:3], "I42.3", *SMALL[3:]]


# ------------------------------------------------------------------------------------------------------------------------ anything


WORDS = st.one_of(st.text(max_size=30), st.sampled_from(["hyper", "sprain of", "i4", "S23.4XX", "initial", "encounter d"]))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(words=WORDS, count=st.integers(-3, 12), offset=st.integers(-3, 12), version=st.sampled_from([OLD, OCTOBER]))
def test_a_page_is_a_piece_of_the_whole(client: FlaskClient, words: str, count: int, offset: int, version: str) -> None:
    asked = [("url", WHOLE), ("valueSetVersion", version), ("filter", words)]
    whole = get(client, EXPAND, *asked)
    page = get(client, EXPAND, *asked, ("count", str(count)), ("offset", str(offset)))
    if whole.status_code != 200 or count < 0 or offset < 0:
        assert (page.status_code, issue_of(page)["severity"]) == (400, "error")
        return
    expansion = resource_of(page)["expansion"]
    assert codes_of(page) == codes_of(whole)[offset : offset + count]
    assert expansion["total"] == len(codes_of(whole))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    operation=st.sampled_from(["CodeSystem/$lookup", "CodeSystem/$validate-code", "ValueSet/$expand"]),
    asked=st.lists(
        st.tuples(
            st.sampled_from(
                ["url", "system", "code", "version", "date", "filter", "count", "offset", "display", "abstract", "property", "x"]
            ),
            st.one_of(st.text(max_size=20), st.sampled_from([ICD, WHOLE, "I10", OLD, "2025", "true", "7", f"{WHOLE}=isa/I42"])),
        ),
        max_size=6,
    ),
)
def test_nothing_that_is_asked_is_our_failure(client: FlaskClient, operation: str, asked: list[tuple[str, str]]) -> None:
    answer = get(client, operation, *asked)
    assert answer.status_code < 500
    assert answer.status_code == 200 or issue_of(answer)["severity"] == "error"
