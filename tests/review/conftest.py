"""The pages over a real store and a sign-in server that answers as a test wants. Browsers are test clients with cookies of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import NoReturn, cast
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from fhir_coder.api.blueprint import create_api, install_error_handlers
from fhir_coder.audit.entry import AuditEntry
from fhir_coder.audit.fhir_event import Observer
from fhir_coder.code_search.searching import Found
from fhir_coder.ehr.capabilities import Capabilities
from fhir_coder.errors import FhirCoderError, SignedOut
from fhir_coder.exchange import CodingRequest, CodingResult, ReleaseUse, Resource
from fhir_coder.model import Finding, Note, Outcome, Severity
from fhir_coder.people import Person, RoleRules
from fhir_coder.rechecking import HasEncounter, Rechecked, Reviewed
from fhir_coder.review.blinding import Blinding
from fhir_coder.review.blueprint import ReviewParts, WayIn, WorklistDesk, create_review
from fhir_coder.review.coding_in_sight import CodingInSight
from fhir_coder.review.dashboards import Dashboards
from fhir_coder.review.deciding import Deciding
from fhir_coder.review.drafting import Drafting
from fhir_coder.review.encounters import EncounterPages
from fhir_coder.review.following_up import FollowsUp
from fhir_coder.review.histories import HistoryPages
from fhir_coder.review.leaving import Leaving
from fhir_coder.review.lookups import Lookups
from fhir_coder.review.note_reading import NoteReading
from fhir_coder.review.patient_reading import BannerReader
from fhir_coder.review.recording import Recording
from fhir_coder.review.rendering import Pages
from fhir_coder.review.review_desk import ReviewDesk
from fhir_coder.review.second_parts import Searches
from fhir_coder.review.second_report import SecondReport
from fhir_coder.review.second_reviews import SecondReviewPages
from fhir_coder.review.sending_once import SendingOnce
from fhir_coder.review.session import ReviewSession
from fhir_coder.review.session_keeping import SessionKeeping
from fhir_coder.review.signing_in import SigningIn, callback_of
from fhir_coder.review.tabular import TabularList
from fhir_coder.review.uploading import Uploading
from fhir_coder.review.worklist_acts import WorklistActs
from fhir_coder.review.worklist_pages import WorklistPages
from fhir_coder.review.worklist_saving import ViewSaving
from fhir_coder.review.worklist_stores import WorklistStores
from fhir_coder.sample_settings import AuditSample
from fhir_coder.settings import Settings
from fhir_coder.smart.launch.launched import Launched, Pending
from fhir_coder.smart.launch.registration import Registration
from fhir_coder.store.aftermath import Aftermaths
from fhir_coder.store.audit import AuditLog, now_utc
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.drafts import Drafts
from fhir_coder.store.earlier import EarlierCodings
from fhir_coder.store.engine import open_engine
from fhir_coder.store.outbox_states import OutboxStates
from fhir_coder.store.outcomes import Outcomes as StoredOutcomes
from fhir_coder.store.passing import Passing
from fhir_coder.store.providers import Providers
from fhir_coder.store.records import StoredEncounter
from fhir_coder.store.repository import Repository
from fhir_coder.store.reviews import Reviews
from fhir_coder.store.second_reviews import SecondReviews
from fhir_coder.store.sent_forms import SentForms
from fhir_coder.store.sessions import Lifetimes, SessionStore
from fhir_coder.store.signed_lines import SignedLines
from fhir_coder.store.worklist import Worklist
from fhir_coder.store.worklist_choices import WorklistChoices
from fhir_coder.store.worklist_views import WorklistViews
from fhir_coder.throttle.rates import Throttle
from terminology.installation import open_catalogue
from terminology.release import Catalogue, Release
from tests.api.conftest import SmallEngine
from tests.outcomes.many import ManyOutcomes
from tests.review.nothing_follows import NothingFollows
from tests.store.conftest import KEY, coding_result
from tests.stores import store_in

OURS = "https://coder.example"
ISS = "https://ehr.example/fhir"
FRAMING = "https://ehr.example"
MAIN = Registration("default", "main", ISS, "us", "launch openid fhirUser", True, frame_ancestors=(FRAMING,))
PROVIDER = Registration("default", "", "https://login.example", "us", "openid", False)
NORTH = Registration("north", "main", "https://north.example/fhir", "us", "launch openid fhirUser", True)
SCOPE = "launch openid fhirUser patient/*.rs patient/Condition.cruds"
LAUNCHED = Launched(
    "default",
    "main",
    ISS,
    "https://as.example",
    "sub-7",
    "ACCESS-TOKEN",
    1_000_900.0,
    SCOPE,
    refresh_token="REFRESH-TOKEN",
    id_token="ID-TOKEN",
    fhir_user="Practitioner/7",
    name="Ada Coder",
    patient="p1",
    encounter="",
    need_patient_banner=False,
)
SIGNED_IN = replace(LAUNCHED, ehr="", issuer=PROVIDER.issuer, id_issuer=PROVIDER.issuer, scope="openid", patient="", refresh_token="")


@dataclass
class Clock:
    """Epoch seconds that a test moves."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class FakeFlow:
    """A sign-in server: ``result`` is who comes back, or the error of it. Counts what it is asked."""

    clock: Clock
    result: Launched | Exception = LAUNCHED
    begun: list[tuple[str, str, str]] = field(default_factory=list)
    finished: list[Pending] = field(default_factory=list)
    refreshed: list[Launched] = field(default_factory=list)
    revoked: list[Launched] = field(default_factory=list)
    refresh_error: Exception | None = None

    def find(self, iss: str, tenant: str = "") -> Registration | None:
        return next((one for one in (MAIN, NORTH) if one.issuer == iss and tenant in {"", one.tenant}), None)

    def of(self, tenant: str, ehr: str = "") -> Registration | None:
        return next((one for one in (MAIN, NORTH, PROVIDER) if (one.tenant, one.ehr) == (tenant, ehr)), None)

    def begin(self, registration: Registration, redirect_uri: str, launch: str = "", return_to: str = "") -> tuple[str, Pending]:
        self.begun.append((registration.issuer, redirect_uri, launch))
        state = f"state-{len(self.begun)}"
        pending = Pending(
            registration.tenant,
            registration.ehr,
            registration.issuer,
            redirect_uri,
            self.clock(),
            state,
            "NONCE",
            "VERIFIER",
            return_to,
        )
        return f"https://as.example/authorize?{urlencode({'state': state, 'launch': launch})}", pending

    def finish(self, pending: Pending, query: Mapping[str, Sequence[str]]) -> Launched:
        self.finished.append(pending)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    def refresh(self, launched: Launched) -> Launched:
        self.refreshed.append(launched)
        if self.refresh_error:
            raise self.refresh_error
        number = len(self.refreshed) + 1
        return replace(launched, access_token=f"ACCESS-{number}", refresh_token=f"REFRESH-{number}", expires_at=self.clock() + 900)

    def end_session_url(self, launched: Launched, post_logout_redirect_uri: str = "") -> str | None:
        return "https://login.example/logout" if not launched.ehr else None

    def revoke(self, launched: Launched) -> bool:
        self.revoked.append(launched)
        return True


@dataclass
class FakeEhr:
    """An EHR as one person sees it; ``resources`` by reference, ``error`` instead of an answer."""

    resources: dict[str, Resource] = field(default_factory=dict)
    error: FhirCoderError | None = None
    reads: list[str] = field(default_factory=list)
    searches: list[tuple[str, str]] = field(default_factory=list)

    def read(self, resource_type: str, resource_id: str) -> Resource:
        self.reads.append(f"{resource_type}/{resource_id}")
        if self.error:
            raise self.error
        return self.resources[f"{resource_type}/{resource_id}"]

    def capabilities(self) -> Capabilities:
        return Capabilities()

    def read_attachment(self, url: str) -> NoReturn:
        raise AssertionError(f"no attachment is fetched in these tests: {url}")

    def search(self, resource_type: str, params: Mapping[str, str]) -> Iterator[Resource]:
        self.searches.append((resource_type, params["patient"]))
        if self.error:
            raise self.error
        yield from (one for one in self.resources.values() if one["resourceType"] == resource_type)


@dataclass
class FakeCoder:
    """Saves a coding for what it is asked to code."""

    repository: Repository
    requests: list[CodingRequest] = field(default_factory=list)
    error: FhirCoderError | None = None

    def code(self, coding: CodingRequest) -> CodingResult:
        self.requests.append(coding)
        if self.error:
            raise self.error
        result = replace(coding_result(f"Encounter/{coding.encounter_id}"), sending=coding.sending)
        return replace(result, coding_id=self.repository.save(coding.tenant, coding.ehr or "main", result))


class NoSearch:
    """Finds nothing."""

    def search(self, query: str, release: Release, most: int = 20) -> tuple[Found, ...]:
        return ()


@dataclass
class FakeEdits:
    """Says what the coding recorded of the codes that stand, or what a test wants; remembers the codes it was asked about."""

    findings: tuple[Finding, ...] | None = None
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def recheck(self, coding: StoredEncounter, reviewed: Reviewed, source: HasEncounter) -> Rechecked:
        self.asked.append(tuple(one.code for one in reviewed.codes))
        findings = coding.findings if self.findings is None else self.findings
        shown = tuple(one for one in findings if one.severity is not Severity.SHADOW)
        return Rechecked(shown, (), ReleaseUse(coding.release_id, date(2026, 4, 1), date(2026, 9, 30), coding.release_status))


@dataclass
class Site:
    """The whole of it, with what tests look into."""

    app: Flask
    clock: Clock
    flow: FakeFlow
    store: SessionStore
    sessions: SessionKeeping
    repository: Repository
    ehr: FakeEhr
    coder: FakeCoder
    audit: list[AuditEntry]
    rules: dict[tuple[str, str], RoleRules]
    audit_error: list[Exception]
    notes_now: list[Note]
    reviews: Reviews
    worklist: Worklist
    engine: Engine
    second: SecondReviews
    passing: Passing
    edits: FakeEdits

    def browser(self) -> FlaskClient:
        return self.app.test_client()

    def save(
        self,
        tenant: str = "default",
        ehr: str = "main",
        patient: str = "p1",
        reference: str = "Encounter/e1",
        outcome: Outcome = Outcome.REVIEW,
    ) -> str:
        """A coding in the store; one that passes is drawn for a second review."""
        result = coding_result(reference)
        result = replace(result, disposition=replace(result.disposition, outcome=outcome))
        encounter = replace(result.intake.encounter, patient=replace(result.intake.encounter.patient, id=patient))
        coded = result.disposition.report.coded
        coded = replace(
            coded,
            assertions=replace(
                coded.assertions,
                mentions=replace(coded.assertions.mentions, sections=replace(coded.assertions.mentions.sections, encounter=encounter)),
            ),
        )
        disposition = replace(result.disposition, report=replace(result.disposition.report, coded=coded))
        return self.repository.save(
            tenant, ehr, replace(result, intake=replace(result.intake, encounter=encounter), disposition=disposition)
        )

    def events(self, event: str) -> list[AuditEntry]:
        return [entry for entry in self.audit if entry.event == event]


class NoEncounter:
    """Where no encounter is had again: the fake edits need none."""

    def encounter(self, coding: StoredEncounter) -> NoReturn:
        raise AssertionError("no notes are read again in these tests")

    def facts(self, coding: StoredEncounter) -> NoReturn:
        raise AssertionError("no facts are read again in these tests")


def _april(coding: StoredEncounter) -> Release:
    """The embedded release, opened once for all tests of the process."""
    return _catalogue().get("2026-04-01")


@cache
def _catalogue() -> Catalogue:
    return open_catalogue(Settings.from_environment().data)


def make_site(
    folder: Path,
    demo: ReviewSession | None = None,
    can_sign_in: bool = True,
    make_lookups: Callable[[Repository], Lookups] | None = None,
    throttle: Throttle | None = None,
    catalogue: Catalogue | None = None,
    codes: Searches | None = None,
    make_uploading: Callable[[Repository, Recording, Pages, SendingOnce], Uploading] | None = None,
    outcomes: ManyOutcomes | None = None,
    follow_ups: FollowsUp | None = None,
) -> Site:
    engine = open_engine(store_in(folder))
    clock, audit, audit_error = Clock(), [], []
    notes_now: list[Note] = []
    log = AuditLog(engine, Observer(OURS))
    flow, cipher = FakeFlow(clock), Cipher(KEY)
    store, repository = SessionStore(engine, cipher, Lifetimes(), clock), Repository(engine, cipher, is_drawn=lambda tenant: True)
    reviews, second, passing = Reviews(engine, cipher, log), SecondReviews(engine, cipher, log), Passing(engine, cipher, log)
    sessions, ehr, coder = SessionKeeping(store, flow, clock), FakeEhr(), FakeCoder(repository)
    rules = {("default", "main"): RoleRules(("coder",)), ("default", ""): RoleRules(("manager",)), ("north", "main"): RoleRules(("coder",))}

    def record(entry: AuditEntry) -> None:
        if audit_error:
            raise audit_error[0]
        audit.append(entry)
        log.record(entry)

    pages, recording = Pages("", 15), Recording(record)
    rules_of: Callable[[str, str], RoleRules] = lambda tenant, ehr: rules.get((tenant, ehr), RoleRules())  # noqa: E731
    failure = throttle.failure if throttle else lambda address: None
    banner = BannerReader(lambda launched: ehr)
    signing_in = SigningIn(flow, store, sessions, rules_of, banner, recording, pages, OURS, {"default", "north"}, 600, failure)
    stores = WorklistStores(Worklist(engine, cipher), WorklistViews(engine, cipher), WorklistChoices(engine, cipher), OutboxStates(engine))
    shown = WorklistPages(stores, recording, pages, now_utc)
    of_launch: Callable[[ReviewSession], FakeEhr | None] = lambda session: ehr if session.launched and session.launched.is_smart else None  # noqa: E731
    acts = WorklistActs(shown, stores.lists, stores.choices, reviews, of_launch, recording, pages)
    listing = WorklistDesk(shown, acts, ViewSaving(shown, WorklistViews(engine, cipher), recording, pages))
    notes = NoteReading(lambda session, name: ehr if session.ehr == name else None)  # type: ignore[arg-type,return-value]
    blinding, edits, follows = Blinding(second), FakeEdits(), follow_ups or NothingFollows()
    once = SendingOnce(SentForms(engine), pages, lambda: datetime.fromtimestamp(clock(), UTC))
    desk = ReviewDesk(
        reviews,
        edits,
        lambda session: NoEncounter(),
        notes,
        TabularList(_april),
        follows,
        stores.choices.people,
        EarlierCodings(engine).before,
    )
    encounters = EncounterPages(
        repository,
        lambda session: coder,
        of_launch,
        sessions.open_glass,
        recording,
        pages,
        desk,
        once,
        lambda session, coding: notes_now,
        shown.waiting,
        blinding,
    )
    rule = AuditSample(share=1.0, floor=0.8, least=2, window=10)
    second_pages = SecondReviewPages(
        second,
        reviews,
        encounters.readable,
        blinding,
        notes,
        catalogue or cast("Catalogue", None),  # only the list of second reviews does without
        codes or NoSearch(),
        lambda tenant: passing.judge(tenant, rule),
        recording,
        pages,
    )
    report = SecondReport(
        second, passing, StoredOutcomes(engine, cipher), lambda tenant: rule, lambda: datetime.now(UTC).date(), recording, pages
    )
    parts = ReviewParts(
        pages,
        encounters,
        Deciding(CodingInSight(repository, of_launch, blinding), desk, reviews, follows, recording, pages),
        Leaving(sessions, flow, recording, pages),
        signing_in if can_sign_in else None,
        sessions if can_sign_in else None,
        [WayIn("default", ""), WayIn("default", "main")],
        demo,
        OURS if can_sign_in else "",
        throttle=throttle,
        lookups=make_lookups(repository) if make_lookups else None,
        worklist=listing,
        histories=HistoryPages(encounters.in_sight, reviews, Aftermaths(engine), second, recording, pages),
        second_reviews=second_pages,
        second_report=report,
        uploading=make_uploading(repository, recording, pages, once) if make_uploading else None,
        dashboards=Dashboards(
            outcomes or StoredOutcomes(engine, cipher),
            outcomes or SignedLines(engine, cipher),
            recording,
            pages,
            lambda: date(2026, 5, 6),
            Providers(engine, cipher).names,
        ),
        drafting=Drafting(repository, Drafts(engine, cipher)),
    )
    app = Flask("test", static_folder=None)
    app.register_blueprint(create_api(SmallEngine(), Settings.from_environment({})))
    app.register_blueprint(create_review(parts))
    install_error_handlers(app)
    return Site(
        app,
        clock,
        flow,
        store,
        sessions,
        repository,
        ehr,
        coder,
        audit,
        rules,
        audit_error,
        notes_now,
        reviews,
        Worklist(engine, cipher),
        engine,
        second,
        passing,
        edits,
    )


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = make_site(tmp_path)
    yield made
    made.repository.close()


@pytest.fixture
def browser(site: Site) -> FlaskClient:
    """A browser that nobody signed in with."""
    return site.browser()


def get(browser: FlaskClient, path: str, **headers: str) -> TestResponse:
    return browser.get(path, base_url=OURS, headers=_named(headers))


def post(browser: FlaskClient, path: str, form: Mapping[str, str], **headers: str) -> TestResponse:
    return browser.post(path, data=form, base_url=OURS, headers={"Sec-Fetch-Site": "same-origin", "Origin": "null"} | _named(headers))


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def sign_in(site: Site, browser: FlaskClient, launched: Launched = LAUNCHED, **headers: str) -> TestResponse:
    """Launch from the EHR (or begin at the provider) and come back as ``launched``; gives the answer to the callback."""
    site.flow.result = launched
    begun = get(browser, way_in(launched), **headers)
    assert begun.status_code == 303, begun.text
    return get(browser, f"{callback_of(launched.tenant)}?code=c&state={state_of(begun)}", **headers)


def way_in(launched: Launched) -> str:
    if launched.ehr:
        return f"/launch?{urlencode({'iss': launched.issuer, 'launch': 'xyz'})}"
    return f"/launch/standalone?{urlencode({'tenant': launched.tenant})}"


def state_of(response: TestResponse) -> str:
    match = re.search(r"[?&]state=([^&]+)", response.headers["Location"])
    assert match
    return match[1]


def csrf_of(response: TestResponse) -> str:
    match = re.search(r'name="csrf" value="([^"]+)"', response.text)
    assert match, response.text
    return match[1]


def keyed(form: Mapping[str, str], now: float = Clock.now) -> dict[str, str]:
    """A form that makes a coding, as a page shows it anew."""
    field = SendingOnce(cast("SentForms", None), cast("Pages", None), lambda: datetime.fromtimestamp(now, UTC)).field()
    return {**form, field["name"]: field["value"]}


def person_of(site: Site, browser: FlaskClient) -> Person:
    cookie = browser.get_cookie("__Host-fhir-coder", domain="coder.example")
    assert cookie
    found = site.sessions.find(cookie.value)
    assert found
    return found.person


def signed_out() -> SignedOut:
    return SignedOut("the sign-in server gives no further token")
