"""How people come in: launched by their EHR, from our own sign-in page, and back from the authorization server."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Protocol

from flask import Response, request

from fhir_coder.audit.entry import Action, Agent, AgentKind
from fhir_coder.errors import FhirCoderError, Forbidden, LaunchInvalid, LaunchUnknown, OperationUnknown
from fhir_coder.people import Person, RoleRules
from fhir_coder.review.cookies import BROWSER, SESSION, browser_of, give_cookie, read_cookie
from fhir_coder.review.launch_reading import launch_of, one_of
from fhir_coder.review.patient_reading import ReadsBanner
from fhir_coder.review.protection import local_path
from fhir_coder.review.recording import Recording
from fhir_coder.review.rendering import Pages, allow_frames
from fhir_coder.review.session_keeping import SessionKeeping
from fhir_coder.smart.launch.launched import Launched, Pending
from fhir_coder.smart.launch.registration import Registration
from fhir_coder.store.sessions import SessionStore
from fhir_coder.tenant_settings import DEFAULT_TENANT


class Flow(Protocol):
    """What this needs of :class:`fhir_coder.smart.launch.flow.AuthorizationFlow`, whose words hold."""

    def find(self, iss: str, tenant: str = "") -> Registration | None:
        """The registration for the ``iss`` of a launch."""

    def of(self, tenant: str, ehr: str = "") -> Registration | None:
        """The registration at one EHR of a tenant, or at the practice's own provider."""

    def begin(self, registration: Registration, redirect_uri: str, launch: str = "", return_to: str = "") -> tuple[str, Pending]:
        """Where to send the person, and what to keep."""

    def finish(self, pending: Pending, query: Mapping[str, Sequence[str]]) -> Launched:
        """Who came back."""

    def refresh(self, launched: Launched) -> Launched:
        """The same person with a new token."""

    def end_session_url(self, launched: Launched, post_logout_redirect_uri: str = "") -> str | None:
        """Where to sign out at the provider."""

    def revoke(self, launched: Launched) -> bool:
        """Take the tokens back."""


NOBODY = Agent(AgentKind.NOBODY)
_PATIENTS = ("Patient/", "RelatedPerson/")
"""``fhirUser`` of people whom a patient portal signs in: what an EHR's users are by default, they are not."""

RulesOf = Callable[[str, str], RoleRules]
"""The role rules of a tenant's EHR, or of its own provider where the EHR is empty."""


def callback_of(tenant: str) -> str:
    """The path of a tenant's callback."""
    return "/callback" if tenant == DEFAULT_TENANT else f"/t/{tenant}/callback"


class SigningIn:
    """``root`` is our absolute URL, ``tenants`` those where people can sign in, ``pending_s`` how long a sign-in may take.

    ``on_refused`` is told the address of whoever is refused, before it is written down; it may raise Throttled in place of that.
    """

    def __init__(
        self,
        flow: Flow,
        store: SessionStore,
        sessions: SessionKeeping,
        rules_of: RulesOf,
        read_banner: ReadsBanner,
        recording: Recording,
        pages: Pages,
        root: str,
        tenants: Container[str],
        pending_s: int,
        on_refused: Callable[[str], None] = lambda address: None,
    ) -> None:
        self._flow = flow
        self._store = store
        self._sessions = sessions
        self._rules_of = rules_of
        self._read_banner = read_banner
        self._recording = recording
        self._pages = pages
        self._root = root
        self._tenants = tenants
        self._pending_s = pending_s
        self._on_refused = on_refused

    def launch(self, tenant: str = "") -> Response:
        """The EHR opens us: ``iss`` is compared with the configuration before anybody is asked anything."""
        iss, launch = launch_of(request.args)
        registration = self._flow.find(iss, tenant)
        if registration is None or (tenant and registration.tenant != tenant):
            self._refuse(tenant, "refused-launch", "unknown-issuer")
            raise LaunchUnknown("this EHR is not configured here: the address of its FHIR server is not on the list")
        return self._begin(registration, launch, "")

    def start(self) -> Response:
        """From our own page: at an EHR (a standalone launch), or at the practice's own provider where ``ehr`` is left out."""
        tenant, ehr = one_of(request.args, "tenant") or DEFAULT_TENANT, one_of(request.args, "ehr")
        registration = self._flow.of(tenant, ehr)
        if registration is None:
            raise OperationUnknown("there is no such way to sign in")
        return self._begin(registration, "", local_path(one_of(request.args, "return_to")))

    def _begin(self, registration: Registration, launch: str, return_to: str) -> Response:
        allow_frames(registration.frame_ancestors)
        url, pending = self._flow.begin(registration, self._root + callback_of(registration.tenant), launch, return_to)
        browser = browser_of(request)
        self._store.remember(registration.tenant, browser, pending.state, pending.members())
        response = self._pages.redirect(url, registration.frame_ancestors)
        give_cookie(request, response, BROWSER, browser, self._pending_s)
        return response

    def callback(self, tenant: str = DEFAULT_TENANT) -> Response:
        """Back from the authorization server: what this browser began is taken out of the store, once, whatever comes of it.

        Each tenant has a callback of its own (RFC 9700 section 2.1): one tenant's server cannot have the code of another's sent to itself.
        """
        state, browser = one_of(request.args, "state"), read_cookie(request, BROWSER)
        kept = self._store.take(browser, state) if state and browser else None
        if kept is None:
            self._refuse("", "refused-sign-in", "unknown-state" if browser else "no-cookie")
            raise LaunchInvalid(
                "this sign-in was not begun in this browser, took too long or was used before; start again from your EHR or the sign-in page"
                + ("" if browser else " (the browser sent no cookie: it may have to allow cookies for this address)")
            )
        pending = Pending.of(kept)
        registration = self._flow.of(pending.tenant, pending.ehr)
        allow_frames(registration.frame_ancestors if registration else ())
        if pending.tenant != tenant:
            self._refuse(pending.tenant, "refused-sign-in", "callback-of-another-tenant")
            raise LaunchInvalid(
                "the answer came to the callback of another practice; start again, and check the redirect URI if it happens again"
            )
        return self._come_in(self._finished(pending), pending)

    def _finished(self, pending: Pending) -> Launched:
        try:
            return self._flow.finish(pending, request.args.to_dict(flat=False))
        except FhirCoderError as error:
            self._refuse(pending.tenant, "refused-sign-in", error.code)
            raise

    def _come_in(self, launched: Launched, pending: Pending) -> Response:
        registration = self._flow.of(launched.tenant, launched.ehr)
        person = self._person(launched)
        previous = self._sessions.find(read_cookie(request, SESSION)) if read_cookie(request, SESSION) else None
        session = self._sessions.begin(
            person, launched, registration.frame_ancestors if registration else (), self._read_banner(launched), previous
        )
        try:
            self._recording.person(request, session, "sign-in", Action.EXECUTE, ehr=launched.ehr, roles=" ".join(person.roles))
        except Exception:
            self._sessions.end(session)
            raise
        response = self._pages.redirect(self._pages.local(local_path(pending.return_to)), session.frame_ancestors)
        give_cookie(request, response, SESSION, session.id)
        return response

    def _person(self, launched: Launched) -> Person:
        """Who signed in, with roles. Raises Forbidden for somebody who has none; who that was is written down."""
        try:
            return _person(launched, self._rules_of(launched.tenant, launched.ehr))
        except Forbidden as error:
            who = Agent(AgentKind.PERSON, launched.fhir_user or launched.subject, launched.id_issuer) if launched.subject else NOBODY
            self._refuse(launched.tenant, "refused-sign-in", error.code, who)
            raise

    def _refuse(self, tenant: str, event: str, reason: str, agent: Agent = NOBODY) -> None:
        """Count and write down. A tenant that is none of ours is a stranger's text and not written down."""
        self._on_refused(request.remote_addr or "")
        self._recording.refused(request, tenant if tenant in self._tenants else "", event, agent, reason=reason)


def _person(launched: Launched, rules: RoleRules) -> Person:
    """Who signed in, with roles. Raises Forbidden for a token that names nobody, and for somebody without a role."""
    person_id = launched.fhir_user or launched.subject
    if not launched.subject:
        raise Forbidden("the sign-in server does not say who you are, and nobody comes in without a name")
    roles = rules.roles_of(person_id, launched.claims)
    if person_id not in rules.people and person_id.startswith(_PATIENTS):
        raise Forbidden("this is for people who work at the practice: patients and their relatives see their records elsewhere")
    if not roles:
        raise Forbidden("you are signed in, but have no role here: ask whoever runs this server to give you one")
    return Person(person_id, launched.id_issuer or launched.issuer, launched.subject, launched.name[:200], roles)
