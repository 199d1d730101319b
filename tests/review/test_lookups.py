"""Codes looked up on a page: who may, by which release, and that it is nobody's data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pytest

from fhir_coder.code_search.choice import Choice
from fhir_coder.code_search.searching import Found
from fhir_coder.people import RoleRules
from fhir_coder.review.lookups import Lookups
from terminology.release import Catalogue, Release
from tests.review.conftest import LAUNCHED, Site, get, make_site, sign_in


@dataclass
class FakeSearch:
    """Finds two codes for everything and remembers what was asked."""

    asked: list[tuple[str, str]] = field(default_factory=list)

    def search(self, query: str, release: Release, most: int = 20) -> tuple[Found, ...]:
        self.asked.append((query, release.id))
        return (
            Found("I10", "Essential (primary) hypertension", True, "phrase: htn"),
            Found("N18", "<b>", False, "title", (Choice("N18.9", "x", True),)),
        )


@pytest.fixture
def search() -> FakeSearch:
    return FakeSearch()


@pytest.fixture
def site(tmp_path: Path, release: Release, search: FakeSearch) -> Iterator[Site]:
    """The release of codings in the store is April 2026; that of October is made up."""
    later = replace(release, id="2026-10-01", effective_from=date(2026, 10, 1), effective_to=date(2027, 3, 31))
    catalogue = Catalogue([release, later])
    made = make_site(tmp_path, make_lookups=lambda repository: Lookups(repository, catalogue, search, lambda: date(2026, 11, 1)))
    yield made
    made.repository.close()


def test_nobody_looks_up_without_a_session(site: Site, search: FakeSearch) -> None:
    browser = site.browser()
    assert [get(browser, path).status_code for path in ("/review/codes?q=htn", "/review/codes/I10")] == [401, 401]
    assert search.asked == []


def test_codes_are_searched_by_the_release_of_the_coding(site: Site, search: FakeSearch) -> None:
    browser, coding = site.browser(), site.save()
    sign_in(site, browser)
    answer = get(browser, f"/review/codes?q=h%20tn&coding={coding}")
    assert answer.json == {
        "release": "2026-04-01",
        "codes": [
            {"code": "I10", "title": "Essential (primary) hypertension", "billable": True, "why": "phrase: htn", "below": []},
            {
                "code": "N18",
                "title": "<b>",
                "billable": False,
                "why": "title",
                "below": [{"code": "N18.9", "title": "x", "billable": True}],
            },
        ],
    }
    assert get(browser, "/review/codes?q=htn").json["release"] == "2026-10-01"
    assert search.asked == [("h tn", "2026-04-01"), ("htn", "2026-10-01")]
    assert (answer.content_type, answer.headers["Cache-Control"]) == ("application/json", "no-store")
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_looking_up_is_no_access_to_a_patient(site: Site) -> None:
    browser, coding = site.browser(), site.save()
    sign_in(site, browser)
    before = len(site.audit)
    assert get(browser, f"/review/codes?q=htn&coding={coding}").status_code == 200
    assert get(browser, f"/review/codes/I10?coding={coding}").status_code == 200
    assert len(site.audit) == before


def test_one_code_is_shown_with_the_tabular_list(site: Site) -> None:
    browser = site.browser()
    sign_in(site, browser)
    answer = get(browser, "/review/codes/n18.9").json
    assert (answer["code"], answer["billable"], answer["above"][-1]["id"]) == ("N18.9", True, "N18")
    assert answer["prompts"][0]["answers"][0]["codes"] == [{"code": "N18.1", "title": "Chronic kidney disease, stage 1", "billable": True}]
    assert answer["notes"]["codeFirst"][0].keys() == {"text", "owner", "owner_title"}


NOT_IN_SIGHT = {"another practice": {"tenant": "north"}, "another patient": {"patient": "p2"}, "another EHR": {"ehr": "other"}}


@pytest.mark.parametrize("place", NOT_IN_SIGHT.values(), ids=NOT_IN_SIGHT)
def test_a_coding_out_of_sight_is_unknown(site: Site, search: FakeSearch, place: dict[str, str]) -> None:
    browser, coding = site.browser(), site.save(**place)
    sign_in(site, browser)
    assert [get(browser, f"/review/codes{path}coding={coding}").status_code for path in ("?q=x&", "/I10?")] == [404, 404]
    assert search.asked == []


def test_who_may_see_no_coding_still_sees_the_code_set(site: Site) -> None:
    site.rules["default", "main"] = RoleRules(("administrator",))
    browser, coding = site.browser(), site.save()
    sign_in(site, browser, LAUNCHED)
    assert get(browser, f"/review/codes?q=x&coding={coding}").status_code == 404
    assert get(browser, "/review/codes?q=x").status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/review/codes/XYZ", 404),
        ("/review/codes/" + "A" * 500, 404),
        ("/review/codes/I10?coding=1", 404),
        ("/review/codes?q=a&q=b", 400),
        ("/review/codes?q=%00", 400),
        ("/review/codes?q=" + "a" * 3000, 400),
    ],
    ids=["unknown code", "long code", "no coding id", "two queries", "control character", "long query"],
)
def test_what_cannot_be_looked_up(site: Site, path: str, status: int) -> None:
    browser = site.browser()
    sign_in(site, browser)
    assert get(browser, path).status_code == status


def test_other_sites_get_nothing(site: Site) -> None:
    browser = site.browser()
    sign_in(site, browser)
    assert get(browser, "/review/codes?q=x", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="cors").status_code == 403
    assert get(browser, "/review/codes?q=x", Sec_Fetch_Site="same-origin", Sec_Fetch_Mode="cors").status_code == 200
