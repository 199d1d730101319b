"""The dashboard: who may see it, what it is of, and what it says, as a page and as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from fhir_coder.audit.entry import Success
from fhir_coder.people import RoleRules
from fhir_coder.worklist.decision import Someone
from tests.outcomes.made import coded, signed
from tests.outcomes.many import ManyOutcomes
from tests.review.conftest import LAUNCHED, SIGNED_IN, Site, get, make_site, sign_in

WHOLE = "?from=2026-04-01&to=2026-05-06&by="
EVIL = Someone("Practitioner/x", "https://ehr.invalid", '=HYPERLINK("https://evil.invalid")<script>')
ANYWHERE = replace(LAUNCHED, patient="", scope="launch openid fhirUser user/*.rs")


class Few(ManyOutcomes):
    """Two signed reviews by somebody with a dangerous name, of two EHRs."""

    def __init__(self) -> None:
        self._signed = [signed({"I10": 0.9}, "I10", decided_by=EVIL), signed({"R05.9": 0.4}, "~R05.1", 2, "R05.9>R05.1", ehr="other")]
        self._coded = [coded()]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = make_site(tmp_path, outcomes=Few())
    yield made
    made.repository.close()


def rows(browser: FlaskClient, query: str = "") -> list[dict[str, str]]:
    answer = get(browser, f"/review/dashboard.csv{query}")
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_a_manager_sees_figures_with_their_counts(site: Site, browser: FlaskClient) -> None:
    sign_in(site, browser, SIGNED_IN)
    page = get(browser, "/review/dashboard")
    assert page.status_code == 200 and "1 of 3; 6.1 to 79.2 %" in page.text and "few" in page.text
    assert "R05.9 → R05.1" in page.text and "1 h 30 min" in page.text
    event = site.events("read-dashboard")[-1]
    assert event.detail == {"first": "2026-04-07", "last": "2026-05-06", "by": "provider", "count": "2"}
    assert "R05" not in str(site.events("read-dashboard"))
    assert "/review/dashboard" in get(browser, "/review/").text


def test_what_people_are_called_is_neither_markup_nor_formula(site: Site, browser: FlaskClient) -> None:
    sign_in(site, browser, SIGNED_IN)
    assert "<script>" not in get(browser, "/review/dashboard?by=coder").text
    groups = {one["group"] for one in rows(browser, "?by=coder") if one["section"] == "by coder"}
    assert groups == {f"'{EVIL.name} ({EVIL.id})", "Anna Abel (Practitioner/anna)"}
    assert [one.detail["by"] for one in site.events("export-dashboard")] == ["coder"]


def test_a_file_names_its_range_and_is_an_attachment(site: Site, browser: FlaskClient) -> None:
    sign_in(site, browser, SIGNED_IN)
    answer = get(browser, f"/review/dashboard.csv{WHOLE}release")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="dashboard-2026-04-01-2026-05-06-release.csv"'
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/review/dashboard", "/review/dashboard.csv"])
@pytest.mark.parametrize("role", ["coder", "administrator"])
def test_who_may_not_see_others_sees_no_figures(site: Site, browser: FlaskClient, role: str, path: str) -> None:
    site.rules[("default", "")] = RoleRules((role,))
    sign_in(site, browser, SIGNED_IN)
    assert get(browser, path).status_code == 403
    assert [one.success for one in (*site.events("read-dashboard"), *site.events("export-dashboard"))] == [Success.REFUSED]
    assert "/review/dashboard" not in get(browser, "/review/").text


def test_who_may_see_and_not_export_has_no_file(site: Site, browser: FlaskClient) -> None:
    site.rules[("default", "")] = RoleRules(("second-reviewer",))
    sign_in(site, browser, SIGNED_IN)
    page = get(browser, "/review/dashboard")
    assert page.status_code == 200 and "dashboard.csv" not in page.text
    assert get(browser, "/review/dashboard.csv").status_code == 403


def test_the_launch_of_a_patient_opens_no_figures_of_others(site: Site, browser: FlaskClient) -> None:
    site.rules[("default", "main")] = RoleRules(("manager",))
    sign_in(site, browser)
    assert get(browser, "/review/dashboard").status_code == 403
    assert "/review/dashboard" not in get(browser, "/review/").text


def test_a_launch_shows_its_own_ehr_alone(site: Site, browser: FlaskClient) -> None:
    site.rules[("default", "main")] = RoleRules(("manager",))
    sign_in(site, browser, ANYWHERE)
    assert [one["value"] for one in rows(browser) if (one["section"], one["figure"]) == ("all", "signed")] == ["1"]


@pytest.mark.parametrize(
    "query",
    [
        "?from=yesterday",
        "?from=2026-05-07&to=2026-05-06",
        "?from=2025-05-01&to=2026-05-06",
        "?by=patient",
        "?by=coder&by=release",
        "?to=9999-12-31",
    ],
)
def test_what_is_no_range_is_refused(site: Site, browser: FlaskClient, query: str) -> None:
    sign_in(site, browser, SIGNED_IN)
    assert get(browser, f"/review/dashboard{query}").status_code == 400


@pytest.mark.parametrize("query", ["?to=0001-01-02", "?from=2020-01-01&to=2020-01-01", "?from=2026-05-04&to=2026-05-04"])
def test_a_range_with_little_or_nothing_has_a_page(site: Site, browser: FlaskClient, query: str) -> None:
    sign_in(site, browser, SIGNED_IN)
    assert get(browser, f"/review/dashboard{query}").status_code == 200


@pytest.mark.parametrize("by", ["provider", "specialty", "coder", "release", "version"])
def test_a_store_without_outcomes_has_a_page(tmp_path: Path, by: str) -> None:
    site = make_site(tmp_path)
    browser = site.browser()
    sign_in(site, browser, SIGNED_IN)
    site.save()
    page = get(browser, f"/review/dashboard?by={by}")
    site.repository.close()
    assert page.status_code == 200 and "none to count" in page.text
