"""axe-core finds nothing against histories, second reviews and their report; codes are picked with the keyboard alone and without script."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from playwright.sync_api import Browser

from fhir_coder.code_search.searching import Found
from fhir_coder.model import Outcome
from fhir_coder.review.session import ReviewSession
from fhir_coder.store.reviews import Checked, Maker
from fhir_coder.worklist.decision import Act, Decision, Override, Someone
from terminology.release import Catalogue, Release
from tests.contracts.pages.conftest import DEMO, NARROW, WIDE, answering
from tests.contracts.pages.test_accessibility import violations
from tests.review.conftest import Site, make_site
from tests.review.large_visit import large_visit

ANNA = Maker(Someone("Practitioner/anna", "https://ehr.invalid", "Anna Abel"))
ME = Maker(Someone(DEMO.id, DEMO.issuer, DEMO.name))


class Search:
    """Finds one code for everything."""

    def search(self, query: str, release: Release, most: int = 20) -> tuple[Found, ...]:
        return (Found("I10", "Essential (primary) hypertension", True, "phrase"),)


@dataclass(frozen=True)
class Pages:
    """Where the pages are, by name."""

    url: str
    paths: dict[str, str]


def seeded(site: Site) -> dict[str, str]:
    """One review with a long history, second reviews that wait, are mine, and differ."""
    told = site.repository.save("default", "main", large_visit())
    first = large_visit().disposition.report.coded.assignments[0].code
    decisions = (
        Decision(Act.ACCEPT, first),
        Decision(Act.ADD, "Z23", reason="missed", position=2),
        Decision(Act.UNDO),
        Decision(Act.COMMENT, text="Looked at with the provider."),
        Decision(Act.SIGN_OFF, overrides=(Override("FCE301", "payer-rule"),)),
    )
    for version, one in enumerate(decisions):
        site.reviews.decide("default", told, version, one, ANNA, Checked(frozenset({"FCE301"}) if one.act is Act.SIGN_OFF else frozenset()))
    passed = [_passed(site, number) for number in range(5)]
    for coding, codes in zip(passed, (("R05.9", "Q87.89"), ("I10",)), strict=False):
        site.second.begin("default", coding, ANNA)
        site.second.finish("default", coding, codes, ANNA)
    site.second.begin("default", passed[2], ME)
    site.second.begin("default", passed[3], ANNA)
    return {
        "history": f"/review/encounters/{told}/history",
        "waiting": "/review/second",
        "offered": f"/review/second/{passed[4]}",
        "taken by another": f"/review/second/{passed[3]}",
        "being coded": f"/review/second/{passed[2]}",
        "compared": f"/review/second/{passed[1]}",
        "report": "/review/second/report",
    }


def _passed(site: Site, number: int) -> str:
    return site.save(reference=f"Encounter/second-{number}", outcome=Outcome.PASS)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, release: Release) -> Iterator[Pages]:
    session = ReviewSession("default", replace(DEMO), "CSRF")
    site = make_site(
        tmp_path_factory.mktemp("accountability"),
        session,
        can_sign_in=False,
        catalogue=Catalogue([release]),
        codes=Search(),
    )
    paths = seeded(site)
    with answering(site) as url:
        yield Pages(url, paths)


@pytest.mark.parametrize(("scheme", "viewport"), [("light", WIDE), ("dark", NARROW)], ids=["light, wide", "dark, narrow"])
def test_no_page_has_a_violation(chromium: Browser, axe: str, pages: Pages, scheme: str, viewport: dict[str, int]) -> None:
    found = {name: violations(chromium, axe, pages.url + path, scheme, viewport) for name, path in pages.paths.items()}
    assert {name: one for name, one in found.items() if one} == {}


def test_codes_are_picked_by_keyboard_without_script(chromium: Browser, pages: Pages) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport=WIDE)
    page = context.new_page()
    page.goto(pages.url + pages.paths["being coded"])
    page.focus("#q")
    page.keyboard.type("j45.909")
    page.keyboard.press("Enter")
    page.focus("#q")
    page.keyboard.type("pressure")
    page.keyboard.press("Enter")
    page.focus('button[value="add:I10"]')
    page.keyboard.press("Enter")
    page.focus('button[value="up:I10"]')
    page.keyboard.press("Enter")
    page.wait_for_selector('button[value="down:I10"]')
    assert [one.inner_text() for one in page.locator(".picked .code").all()] == ["I10", "J45.909"]
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    context.close()
