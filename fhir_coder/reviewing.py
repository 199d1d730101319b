"""The pages put together: sessions, sign-in at each configured server, the engine as one person has it, and the demo person of the sandbox."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from fhir_coder.api.concurrency import AsVisitor, InTurn, Room
from fhir_coder.api.guards import Guards
from fhir_coder.audit.entry import Agent, AgentKind
from fhir_coder.code_search.searching import CodeSearch
from fhir_coder.connections import EhrConnections
from fhir_coder.ehr.access import StaticToken
from fhir_coder.ehr.client import EhrClient
from fhir_coder.ehr.intake import gather
from fhir_coder.ehr.retry import RetryPolicy
from fhir_coder.engine import Engine
from fhir_coder.errors import ConfigurationError, Forbidden
from fhir_coder.exchange import CodingRequest, Intake
from fhir_coder.following_up import ServerAccess, open_following
from fhir_coder.kept_readings import KeptReadings
from fhir_coder.model import Assertions, Note
from fhir_coder.people import NO_ROLES, Person, RoleRules
from fhir_coder.pooling import session_pool
from fhir_coder.protected_urls import is_protected
from fhir_coder.rechecking import Rechecker, release_of
from fhir_coder.record.again import EncounterSource
from fhir_coder.record.rereading import NoteReader
from fhir_coder.review.blinding import Blinding
from fhir_coder.review.blueprint import ReviewParts, WayIn, WorklistDesk
from fhir_coder.review.coding_in_sight import CodingInSight
from fhir_coder.review.dashboards import Dashboards
from fhir_coder.review.deciding import Deciding
from fhir_coder.review.drafting import Drafting
from fhir_coder.review.encounters import EncounterPages
from fhir_coder.review.following_up import FollowsUp
from fhir_coder.review.histories import HistoryPages
from fhir_coder.review.kept_codings import KEPT_CODINGS_S, KeptCodings
from fhir_coder.review.kept_notes import KEPT_NOTES_S, KeptNotes
from fhir_coder.review.launch_tokens import LaunchTokens
from fhir_coder.review.leaving import Leaving
from fhir_coder.review.lookups import Lookups
from fhir_coder.review.note_reading import NoteReading
from fhir_coder.review.patient_reading import BannerReader
from fhir_coder.review.person_follows import PersonFollows
from fhir_coder.review.protection import origin_of
from fhir_coder.review.recording import Recording
from fhir_coder.review.rendering import Pages
from fhir_coder.review.review_desk import ReviewDesk
from fhir_coder.review.second_report import SecondReport
from fhir_coder.review.second_reviews import SecondReviewPages
from fhir_coder.review.sending_once import SendingOnce
from fhir_coder.review.session import ReviewSession
from fhir_coder.review.session_keeping import SessionKeeping
from fhir_coder.review.signing_in import Flow, SigningIn
from fhir_coder.review.tabular import TabularList
from fhir_coder.review.uploading import Uploading
from fhir_coder.review.worklist_acts import WorklistActs
from fhir_coder.review.worklist_pages import WorklistPages
from fhir_coder.review.worklist_saving import ViewSaving
from fhir_coder.review.worklist_stores import WorklistStores
from fhir_coder.risk.report import RiskAssessor
from fhir_coder.sample_settings import AuditSample
from fhir_coder.settings import Settings
from fhir_coder.signing.access import Access
from fhir_coder.smart.launch.launched import Launched
from fhir_coder.smart.launch.registration import Registration
from fhir_coder.smart.scopes import withheld_questions, withheld_writes
from fhir_coder.store.bringing_up import FOR_GOOD
from fhir_coder.store.passing import Standing
from fhir_coder.store.records import StoredEncounter
from fhir_coder.store.sessions import Lifetimes, SessionStore
from fhir_coder.store.start import Stores, open_sessions, tls_of
from fhir_coder.tenant_settings import DEFAULT_TENANT, EhrSettings, Tenant

DEMO = Person("sandbox", "this machine", "sandbox", "Sandbox", ("manager", "administrator"))
"""Who looks at the pages of a sandbox: everybody on this machine."""

MakesFlow = Callable[[Iterable[Registration]], Flow]
"""What makes the sign-in flow over our registrations."""


@dataclass(frozen=True, slots=True)
class Reviewing:
    """The parts of the pages, the sessions where people can sign in (they hold database connections), and what is best loaded before a fork."""

    parts: ReviewParts
    store: SessionStore | None
    prepare: Callable[[], None]


def open_reviewing(
    settings: Settings,
    engine: Engine,
    connections: EhrConnections,
    guards: Guards,
    make_flow: MakesFlow,
    stores: Stores,
    risk: RiskAssessor | None = None,
) -> Reviewing:
    """``risk`` is None where the site shows no risk categories. Raises ConfigurationError where people are to sign in and our own address or the key that seals their tokens is not configured."""
    registrations = registrations_of(engine.tenants.values())
    root = settings.public_url.rstrip("/")
    idle_s = settings.session_idle_minutes * 60
    pages, recording = Pages(urlsplit(root).path, settings.session_idle_minutes), Recording(guards.auditor)
    store, flow, sessions, signing_in = None, None, None, None
    people = AsPerson(engine, connections, None, guards.room)
    if registrations:
        _require_address(root)
        lifetimes = Lifetimes(idle_s=idle_s)
        store = open_sessions(settings.database_url, settings.key, lifetimes, tls_of(settings), session_pool(settings), FOR_GOOD)
        flow = make_flow(registrations)
        sessions = SessionKeeping(store, flow, time.time)
        people = AsPerson(engine, connections, sessions, guards.room)
        banner = BannerReader(people.just_launched)
        rules, tenants = _rules(engine.tenants.values()), {one.tenant for one in registrations}
        count = guards.throttle.failure if guards.throttle else _not_counted
        signing_in = SigningIn(flow, store, sessions, rules, banner, recording, pages, root, tenants, lifetimes.pending_s, count)
    worklist = _worklist(stores, people, recording, pages, engine.now)
    notes, blinding = NoteReading(people.client_for_notes), Blinding(stores.second_reviews)
    edits = Rechecker(engine.coder, engine.policy, KeptReadings())
    follow_ups = _follow_ups(engine, people, stores, edits, guards)
    desk, once = _desk(engine, people, stores, edits, follow_ups, risk), SendingOnce(stores.sent_forms, pages, engine.now)
    encounters = EncounterPages(
        engine.repository,
        people.engine,
        people.client,
        sessions.open_glass if sessions else _no_glass,
        recording,
        pages,
        desk,
        once,
        people.notes_now,
        worklist.pages.waiting,
        blinding,
    )
    codes = CodeSearch(engine.coder.index_for)
    catalogue, today = engine.coder.catalogue, lambda: engine.now().date()

    def rule_of(tenant: str) -> AuditSample:
        return engine.tenants[tenant].audit_sample

    def judge(tenant: str) -> Standing:
        return stores.passing.judge(tenant, rule_of(tenant))

    second = SecondReviewPages(
        stores.second_reviews,
        stores.reviews,
        encounters.readable,
        blinding,
        notes,
        catalogue,
        codes,
        judge,
        recording,
        pages,
        follow_ups,
    )
    parts = ReviewParts(
        pages=pages,
        encounters=encounters,
        deciding=Deciding(
            CodingInSight(KeptCodings(engine.repository, KeptReadings(lasts_s=KEPT_CODINGS_S)), people.client, blinding),
            desk,
            stores.reviews,
            follow_ups,
            recording,
            pages,
            engine.now,
        ),
        leaving=Leaving(sessions, flow, recording, pages),
        signing_in=signing_in,
        sessions=sessions,
        ways_in=[WayIn(one.tenant, one.ehr) for one in registrations],
        demo=ReviewSession(DEFAULT_TENANT, DEMO, secrets.token_urlsafe(32)) if settings.sandbox else None,
        own_origin=origin_of(root) if root else "",
        throttle=guards.throttle,
        lookups=Lookups(engine.repository, catalogue, codes, today),
        histories=HistoryPages(encounters.in_sight, stores.reviews, stores.aftermaths, stores.second_reviews, recording, pages),
        second_reviews=second,
        second_report=SecondReport(stores.second_reviews, stores.passing, stores.outcomes, rule_of, today, recording, pages),
        uploading=Uploading(people.server(), engine.repository, recording, pages, once, today, engine.repository.keeps_text),
        dashboards=Dashboards(stores.outcomes, stores.signed_lines, recording, pages, today, stores.providers.names),
        drafting=Drafting(engine.repository, stores.drafts),
        worklist=worklist,
    )
    release = engine.coder.catalogue.for_date(engine.now().date()).release
    return Reviewing(parts, store, partial(codes.prepare, release) if registrations else _nothing)


def _worklist(stores: Stores, people: AsPerson, recording: Recording, pages: Pages, now: Callable[[], datetime]) -> WorklistDesk:
    shown = WorklistPages(WorklistStores(stores.worklist, stores.views, stores.choices, stores.outbox_states), recording, pages, now)
    acts = WorklistActs(shown, stores.worklist, stores.choices, stores.reviews, people.client, recording, pages)
    return WorklistDesk(shown, acts, ViewSaving(shown, stores.views, recording, pages))


def _follow_ups(engine: Engine, people: AsPerson, stores: Stores, edits: Rechecker, guards: Guards) -> PersonFollows:
    def read(coding: StoredEncounter, access: Access) -> Assertions | None:
        return edits.assertions(coding, access.source)

    return PersonFollows(open_following(stores, engine.tenants, engine.coder.catalogue, read, guards.auditor), people.access)


def _desk(
    engine: Engine, people: AsPerson, stores: Stores, edits: Rechecker, follow_ups: FollowsUp, risk: RiskAssessor | None
) -> ReviewDesk:
    catalogue = engine.coder.catalogue
    tabular = TabularList(lambda coding: release_of(catalogue, coding).release, risk.assess_codes if risk else None)
    notes = KeptNotes(NoteReading(people.client_for_notes), KeptReadings(lasts_s=KEPT_NOTES_S))
    return ReviewDesk(stores.reviews, edits, people.source, notes, tabular, follow_ups, stores.choices.people, stores.earlier.before)


def registrations_of(tenants: Iterable[Tenant]) -> list[Registration]:
    """Where people sign in, a practice's own provider before its EHRs."""
    return [one for tenant in tenants for one in (tenant.sign_in, *(ehr.launch for ehr in tenant.ehrs)) if one is not None]


class AsPerson:
    """The engine and the EHR as the person of a session has them. The demo person of the sandbox has the server's own access."""

    def __init__(self, engine: Engine, connections: EhrConnections, sessions: SessionKeeping | None, room: Room) -> None:
        self._room = room
        self._engine = engine
        self._connections = connections
        self._sessions = sessions

    def engine(self, session: ReviewSession) -> AsVisitor:
        """The engine that reads and writes at the EHR with the person's token, in turn with all other requests. Raises Forbidden where there is none."""
        if session.launched is None:
            return self.server()
        if self._sessions is None or not session.launched.is_smart:
            raise Forbidden("this session has no access to an EHR")
        tokens = LaunchTokens(self._sessions, session.id)
        engine = replace(self._engine, connect=lambda ehr: self._connections.as_person(ehr, tokens))
        return AsVisitor(InTurn(engine, self._room), self._room)

    def server(self) -> AsVisitor:
        """The engine in the server's own name: for what asks no EHR."""
        return AsVisitor(InTurn(self._engine, self._room), self._room)

    def client(self, session: ReviewSession, retry: RetryPolicy | None = None) -> EhrClient | None:
        """The client of the EHR that the session came from; None for one that came from none."""
        if self._sessions is None or session.launched is None or not session.launched.is_smart:
            return None
        return self._connections.as_person(self._ehr(session.launched), LaunchTokens(self._sessions, session.id), retry)

    def source(self, session: ReviewSession) -> EncounterSource:
        """Where the encounter of a past coding is had again for this person: the store, and the EHR with their token, each call in one attempt
        because the person waits."""
        connect = partial(self._client_at, session, is_waited_for=True)
        return EncounterSource(NoteReader(connect), lambda coding: self._gather(coding, connect(coding.tenant, coding.ehr)))

    def access(self, session: ReviewSession, coding: StoredEncounter) -> Access:
        """What this person's decisions may reach of the EHR of a coding: by their own token where its scopes allow all that is written, else by the
        server's own access where there is one, else by the token within its scopes."""
        own = self._client_at(session, coding.tenant, coding.ehr)
        agent = Agent(AgentKind.PERSON, session.person.id, session.person.issuer)
        server = ServerAccess(self._engine.tenants, self._engine.connect, self._engine.intake, agent)
        if own is None:
            return server(coding)
        withheld = withheld_writes(session.grant.scopes) if session.grant else frozenset()
        if withheld and server.is_known(coding.tenant, coding.ehr) and (client := server.client(coding.tenant, coding.ehr)):
            return Access(client, self.source(session), agent)
        unasked = withheld_questions(session.grant.scopes) if session.grant else frozenset()
        return Access(own, self.source(session), agent, withheld | unasked)

    def notes_now(self, session: ReviewSession, coding: StoredEncounter) -> tuple[Note, ...]:
        """The notes that the encounter of a coding has at its EHR now, for this person. Raises as :func:`fhir_coder.ehr.intake.gather`."""
        return self._gather(coding, self._client_at(session, coding.tenant, coding.ehr)).encounter.notes

    def _gather(self, coding: StoredEncounter, client: EhrClient | None) -> Intake:
        wanted = CodingRequest(coding.tenant, coding.encounter_reference.rpartition("/")[2], ehr=coding.ehr)
        policy = replace(self._engine.intake, sensitive=self._engine.tenants[coding.tenant].sensitive)
        return gather(wanted, client, policy)

    def _client_at(self, session: ReviewSession, tenant: str, ehr: str, is_waited_for: bool = False) -> EhrClient | None:
        """The client of an EHR of the tenant for this person; None for one that the session did not come from."""
        if session.launched is None:
            ehrs = self._engine.tenants[tenant].ehrs if tenant in self._engine.tenants else ()
            found = next((one for one in ehrs if one.id == ehr), None)
            if found is None:
                return None
            return self._connections.once(found, found.timeout_s) if is_waited_for else self._connections(found)
        return (
            self.client(session, RetryPolicy(attempts=1) if is_waited_for else None)
            if (tenant, ehr) == (session.tenant, session.ehr)
            else None
        )

    def client_for_notes(self, session: ReviewSession, ehr: str) -> EhrClient | None:
        """The client that reads the notes of a page, in one attempt: the person waits for it. None for an EHR that the session did not come from."""
        if session.launched is None:
            found = next((one for one in self._engine.tenants[session.tenant].ehrs if one.id == ehr), None)
            return self._connections.once(found) if found else None
        return self.client(session, RetryPolicy(attempts=1)) if session.ehr == ehr else None

    def just_launched(self, launched: Launched) -> EhrClient:
        """The client for a launch before it has a session: one attempt, for the banner must not keep the person waiting."""
        return self._connections.as_person(self._ehr(launched), StaticToken(launched.access_token), RetryPolicy(attempts=1))

    def _ehr(self, launched: Launched) -> EhrSettings:
        return next(one for one in self._engine.tenants[launched.tenant].ehrs if one.id == launched.ehr)


def _rules(tenants: Iterable[Tenant]) -> Callable[[str, str], RoleRules]:
    known = {(tenant.id, ""): tenant.roles for tenant in tenants} | {
        (tenant.id, ehr.id): ehr.roles for tenant in tenants for ehr in tenant.ehrs
    }
    return lambda tenant, ehr: known.get((tenant, ehr), NO_ROLES)


def _require_address(root: str) -> None:
    """The callback is registered with the sign-in servers, and the cookies need TLS."""
    if not is_protected(root):
        raise ConfigurationError(
            "people sign in by launch or sign_in of FHIR_CODER_TENANTS: give our own https address in FHIR_CODER_PUBLIC_URL"
        )


def _not_counted(address: str) -> None:
    """Where nothing is limited by rate."""


def _nothing() -> None:
    """Where nobody signs in nobody looks codes up: a start need not wait for that. The demo person waits once."""


def _no_glass(session: ReviewSession, coding_id: str) -> None:
    """The demo person's roles show everything."""
