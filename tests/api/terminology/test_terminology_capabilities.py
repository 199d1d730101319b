"""``metadata``: what is said of the code set is what is there and what is done."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from flask.testing import FlaskClient

from fhir_coder import __version__
from fhir_coder.api.terminology.definitions import DEFINITIONS, EXPAND
from fhir_coder.api.terminology.expansion import MOST_CODES
from fhir_coder.api.terminology.installed_releases import fiscal_year
from fhir_coder.api.terminology.properties import PROPERTIES
from fhir_coder.api.terminology.service import Terminology
from terminology.release import Catalogue
from tests.api.conftest import resource_of
from tests.api.terminology.conftest import EMBEDDED, ICD, OCTOBER, OLD, Serve, small_release


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("base", ["/fhir", "/t/north/fhir"])
def test_the_code_system_with_its_versions(client: FlaskClient, base: str, form: str) -> None:
    statement = resource_of(client.get(f"{base}/metadata?mode=terminology&_format={form}"))
    assert (statement["resourceType"], statement["kind"], statement["software"]["version"]) == (
        "TerminologyCapabilities",
        "instance",
        __version__,
    )
    assert statement["implementation"]["url"] == f"http://localhost{base}"
    (system,) = statement["codeSystem"]
    assert (system["uri"], system["subsumption"]) == (ICD, False)
    assert [(one["code"], one["isDefault"]) for one in system["version"]] == [(OLD, False), (OCTOBER, False), (EMBEDDED, True)]
    assert system["version"][0]["property"] == [one.code for one in PROPERTIES]
    for text in ("2025-09-30", "codes only", str(MOST_CODES)):
        assert text in statement["description"]


def test_the_expansion_parameters_are_those_that_are_acted_upon(client: FlaskClient) -> None:
    expansion = resource_of(client.get("/fhir/metadata?mode=terminology"))["expansion"]
    assert (expansion["paging"], expansion["hierarchical"]) == (True, False)
    named = {one["name"] for one in expansion["parameter"]}
    assert named == {one.name for one in EXPAND.parameters} - {"valueSet", "context", "contextDirection", "exclude-system"}


def test_the_default_is_the_release_in_force_today(serve: Serve, releases: Catalogue) -> None:
    for day, expected in ((datetime(2025, 9, 30, 23, 59, tzinfo=UTC), OLD), (datetime(2025, 10, 1, tzinfo=UTC), OCTOBER)):
        statement = resource_of(serve(Terminology(releases, lambda day=day: day)).get("/fhir/metadata?mode=terminology"))
        assert [one["code"] for one in statement["codeSystem"][0]["version"] if one["isDefault"]] == [expected]


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("mode", ["", "&mode=full", "&mode=normative", "&mode=anything"])
def test_the_capability_statement_lists_the_operations(client: FlaskClient, form: str, mode: str) -> None:
    statement = resource_of(client.get(f"/fhir/metadata?_format={form}{mode}"))
    listed = {one["type"]: one.get("operation", []) for one in statement["rest"][0]["resource"]}
    assert list(listed) == ["Encounter", "Claim", "OperationDefinition", "CodeSystem", "ValueSet"]
    found = [(resource, one["name"], one["definition"]) for resource in ("CodeSystem", "ValueSet") for one in listed[resource]]
    assert found == [(one.resource, one.code, f"http://hl7.org/fhir/OperationDefinition/{one.resource}-{one.code}") for one in DEFINITIONS]


@pytest.mark.parametrize(
    ("first", "year"), [(date(2025, 10, 1), 2026), (date(2026, 4, 1), 2026), (date(2026, 9, 30), 2026), (date(2026, 10, 1), 2027)]
)
def test_a_fiscal_year_begins_in_october_of_the_year_before(first: date, year: int) -> None:
    assert fiscal_year(small_release(first, date(2030, 1, 1), "x")) == year
