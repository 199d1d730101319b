"""The pages as one Flask blueprint: every address in one table, and who may come to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files

from flask import Blueprint, Response, g, request

from fhir_coder.api.nearness import is_near
from fhir_coder.errors import MethodNotAllowed, OperationUnknown, Unauthenticated
from fhir_coder.review.cookies import SESSION, read_cookie
from fhir_coder.review.dashboards import Dashboards
from fhir_coder.review.deciding import Deciding
from fhir_coder.review.drafting import Drafting
from fhir_coder.review.encounters import EncounterPages
from fhir_coder.review.failures import install_error_pages
from fhir_coder.review.histories import HistoryPages
from fhir_coder.review.launch_reading import one_of
from fhir_coder.review.leaving import Leaving
from fhir_coder.review.lookups import Lookups
from fhir_coder.review.protection import HOME, local_path, origin_of, protect, require_navigation, require_our_form, require_text
from fhir_coder.review.rendering import Pages, allow_frames
from fhir_coder.review.second_report import SecondReport
from fhir_coder.review.second_reviews import SecondReviewPages
from fhir_coder.review.session import ReviewSession
from fhir_coder.review.session_keeping import SessionKeeping
from fhir_coder.review.session_state import session_state
from fhir_coder.review.signing_in import SigningIn
from fhir_coder.review.uploading import Uploading
from fhir_coder.review.worklist_acts import WorklistActs
from fhir_coder.review.worklist_pages import ADDRESS, WorklistPages
from fhir_coder.review.worklist_saving import ViewSaving
from fhir_coder.tenant_settings import DEFAULT_TENANT
from fhir_coder.throttle.rates import Throttle, subscriber_of

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_FILES_LAST = "private, max-age=600"
_SCRIPT = "text/javascript; charset=utf-8"
MAX_FORM_BYTES = 64 * 1024
"""Of a form of ours, whose longest field is a reason: more is somebody else's, and is not read."""
MAX_UPLOAD_BYTES = 20 * 1024 * 1024
"""Of a form with note files: scans are the largest."""

View = Callable[..., Response]


@dataclass(frozen=True, slots=True)
class WayIn:
    """A way to sign in that the sign-in page of a tenant offers; ``ehr`` is empty for the practice's own provider."""

    tenant: str
    ehr: str


@dataclass(frozen=True, slots=True)
class WorklistDesk:
    """The list, what is done on it, and its saved views."""

    pages: WorklistPages
    acts: WorklistActs
    saving: ViewSaving


@dataclass(frozen=True, slots=True)
class ReviewParts:
    """What the pages are made of. ``signing_in`` and ``sessions`` are None where nobody can sign in, ``demo`` is the person of the sandbox,
    for callers on this machine. ``own_origin`` is empty where our address is unknown and taken from the request. ``throttle`` is None where
    calls are not counted, ``lookups`` where no code is looked up, ``uploading`` where no notes are taken from people, ``worklist`` where there is no
    list, ``dashboards`` where no figures are shown, ``drafting`` where nothing is kept that was typed and not sent."""

    pages: Pages
    encounters: EncounterPages
    deciding: Deciding
    leaving: Leaving
    signing_in: SigningIn | None
    sessions: SessionKeeping | None
    ways_in: Sequence[WayIn]
    demo: ReviewSession | None
    own_origin: str
    throttle: Throttle | None = None
    lookups: Lookups | None = None
    worklist: WorklistDesk | None = None
    histories: HistoryPages | None = None
    second_reviews: SecondReviewPages | None = None
    second_report: SecondReport | None = None
    uploading: Uploading | None = None
    dashboards: Dashboards | None = None
    drafting: Drafting | None = None


def create_review(parts: ReviewParts) -> Blueprint:
    """All routes. Errors are pages here, wrong methods too."""
    blueprint, doors = Blueprint("review", __name__), Doors(parts)
    install_error_pages(blueprint, parts.pages)
    add = partial(_route, blueprint)
    if parts.signing_in:
        add("/launch", "GET", doors.coming_in(parts.signing_in.launch))
        add("/t/<tenant>/launch", "GET", doors.coming_in(parts.signing_in.launch))
        add("/launch/standalone", "GET", doors.coming_in(parts.signing_in.start))
        add("/callback", "GET", doors.coming_in(parts.signing_in.callback))
        add("/t/<tenant>/callback", "GET", doors.coming_in(parts.signing_in.callback))
    add("/sign-in", "GET", doors.sign_in)
    add("/t/<tenant>/sign-in", "GET", doors.sign_in)
    add("/sign-out", "POST", doors.changing(parts.leaving.sign_out))
    add(HOME, "GET", doors.seeing(parts.encounters.home))
    add("/review/encounters/<coding_id>", "GET", doors.seeing(parts.encounters.encounter))
    add("/review/encounters/<coding_id>/decisions", "POST", doors.changing(parts.deciding.decide))
    add("/review/encounters/<coding_id>/let-go", "POST", doors.changing(parts.deciding.let_go))
    add("/review/encounters/<coding_id>/follow-ups", "POST", doors.changing(parts.deciding.retry))
    if parts.drafting:
        add("/review/encounters/<coding_id>/draft", "POST", doors.changing(parts.drafting.keep))
        add("/review/drafts/<coding_id>", "GET", doors.seeing(parts.drafting.drafted))
    add("/review/encounters/<coding_id>/look-again", "POST", doors.changing(parts.encounters.look_again))
    if parts.histories:
        add("/review/encounters/<coding_id>/history", "GET", doors.seeing(parts.histories.history))
    if parts.lookups:
        add("/review/codes", "GET", doors.seeing(parts.lookups.search))
        add("/review/codes/<code>", "GET", doors.seeing(parts.lookups.code))
    if parts.worklist:
        _add_worklist(add, doors, parts.worklist)
    if parts.second_reviews:
        _add_second_reviews(add, doors, parts.second_reviews)
    if parts.second_report:
        add("/review/second/report", "GET", doors.seeing(parts.second_report.report))
        add("/review/second/report.csv", "GET", doors.seeing(parts.second_report.table))
        add("/review/second/lift", "POST", doors.changing(parts.second_report.lift))
    if parts.uploading:
        add("/review/upload", "GET", doors.seeing(parts.uploading.form))
        add("/review/uploads", "POST", doors.changing(parts.uploading.upload, MAX_UPLOAD_BYTES))
    if parts.dashboards:
        add("/review/dashboard", "GET", doors.seeing(parts.dashboards.page))
        add("/review/dashboard.csv", "GET", doors.seeing(parts.dashboards.file))
        add("/review/dashboard.css", "GET", partial(_file, "dashboard.css", "text/css; charset=utf-8"))
    add("/review/code", "POST", doors.changing(parts.encounters.code))
    add("/review/break-glass", "POST", doors.changing(parts.encounters.break_glass))
    add("/review/session", "GET", doors.seeing(session_state))
    add("/review/left", "GET", doors.left)
    add("/review/style.css", "GET", partial(_file, "review.css", "text/css; charset=utf-8"))
    add("/review/encounter.css", "GET", partial(_file, "encounter.css", "text/css; charset=utf-8"))
    add("/review/accountability.css", "GET", partial(_file, "accountability.css", "text/css; charset=utf-8"))
    add("/review/app.js", "GET", partial(_file, "app.js", _SCRIPT))
    add("/review/desk/<name>", "GET", _module)
    add("/review/icon.svg", "GET", partial(_file, "icon.svg", "image/svg+xml"))
    add("/review/<path:rest>", "GET", _nothing)
    return blueprint


def _add_worklist(add: Callable[[str, str, View], None], doors: Doors, desk: WorklistDesk) -> None:
    add(ADDRESS, "GET", doors.seeing(desk.pages.worklist))
    add(f"{ADDRESS}/count", "GET", doors.watching(desk.pages.count))
    add(f"{ADDRESS}/change", "POST", doors.changing(desk.acts.change))
    add(f"{ADDRESS}/next", "POST", doors.changing(desk.acts.take_next))
    add(f"{ADDRESS}/views", "POST", doors.changing(desk.saving.change))
    add("/review/worklist.css", "GET", partial(_file, "worklist.css", "text/css; charset=utf-8"))
    add("/review/worklist.js", "GET", partial(_file, "worklist.js", "text/javascript; charset=utf-8"))


def _add_second_reviews(add: Callable[[str, str, View], None], doors: Doors, pages: SecondReviewPages) -> None:
    add("/review/second", "GET", doors.seeing(pages.listed))
    add("/review/second/<coding_id>", "GET", doors.seeing(pages.shown))
    add("/review/second/<coding_id>/begin", "POST", doors.changing(pages.begin))
    add("/review/second/<coding_id>/codes", "POST", doors.changing(pages.pick))
    add("/review/second/<coding_id>/let-go", "POST", doors.changing(pages.let_go))
    add("/review/second/<coding_id>/reopen", "POST", doors.changing(pages.reopen))


class Doors:
    """Who comes to a view: somebody with a session, and for a change from a form of that session."""

    def __init__(self, parts: ReviewParts) -> None:
        self._parts = parts

    def coming_in(self, view: View) -> View:
        """The view for anybody, counted by address: each sign-in that begins is remembered."""

        def come(**named: str) -> Response:
            if self._parts.throttle:
                self._parts.throttle.call("", f"sign-in {subscriber_of(request.remote_addr or '')}")
            return view(**named)

        return come

    def seeing(self, view: View) -> View:
        """The view for a person."""

        def see(**named: str) -> Response:
            require_navigation(request)
            session = self._session()
            require_text(request)
            return view(session, **named)

        return see

    def watching(self, view: View) -> View:
        """The view for a page of a person that looks by itself whether there is news: it puts no automatic logoff off."""

        def watch(**named: str) -> Response:
            require_navigation(request)
            session = self._session(is_use=False)
            require_text(request)
            return view(session, **named)

        return watch

    def changing(self, view: View, most_bytes: int = MAX_FORM_BYTES) -> View:
        """The view for a person who sent a form of ours, of so many bytes at the most."""

        def change(**named: str) -> Response:
            session = self._session()
            request.max_content_length = most_bytes
            require_our_form(request, session, self._parts.own_origin or origin_of(request.host_url))
            require_text(request)
            return view(session, **named)

        return change

    def sign_in(self, tenant: str = DEFAULT_TENANT) -> Response:
        """The ways in that a practice has. Unknown practices have none, like those that offer none."""
        self._keep_the_frame(read_cookie(request, SESSION))
        ways = [way for way in self._parts.ways_in if way.tenant == tenant]
        return_to = local_path(one_of(request.args, "return_to"))
        is_demo = self._parts.demo is not None and is_near(request)
        return self._parts.pages.page("sign_in", ways=ways, return_to=return_to, is_demo=is_demo)

    def left(self) -> Response:
        """The page that takes the place of one that was not used."""
        self._keep_the_frame(read_cookie(request, SESSION))
        return self._parts.leaving.left()

    def _keep_the_frame(self, session_id: str) -> None:
        """What ends a session is told where the session was."""
        if self._parts.sessions and session_id:
            allow_frames(self._parts.sessions.frames_of(session_id))

    def _session(self, is_use: bool = True) -> ReviewSession:
        """Raises Unauthenticated for nobody."""
        session_id = read_cookie(request, SESSION)
        found = self._parts.sessions.find(session_id, is_use) if self._parts.sessions and session_id else None
        if found is None and self._parts.demo is not None and is_near(request):
            found = self._parts.demo
        if found is None:
            self._keep_the_frame(session_id)
            raise Unauthenticated("sign in, or launch this page from your EHR; a session ends when it is not used for a while")
        g.tenant = found.tenant
        allow_frames(found.frame_ancestors)  # errors of its pages, "too often" too, are told in the same frame
        if self._parts.throttle:
            self._parts.throttle.call(found.tenant, f"person {found.person.issuer} {found.person.id}")
        return found


def _file(name: str, content_type: str) -> Response:
    response = protect(Response(files("fhir_coder.review").joinpath(name).read_bytes(), content_type=content_type))
    response.headers["Cache-Control"] = _FILES_LAST
    return response


def _module(name: str) -> Response:
    """A part of the script of the encounter page."""
    if name not in {one.name for one in files("fhir_coder.review").joinpath("desk").iterdir() if one.name.endswith(".js")}:
        return _nothing(name)
    return _file(f"desk/{name}", _SCRIPT)


def _nothing(rest: str) -> Response:
    raise OperationUnknown("there is no page at this address")


def _route(blueprint: Blueprint, rule: str, method: str, view: View) -> None:
    """One route. Every method leads here, so that the wrong ones are told on a page."""

    def answer(**named: str) -> Response:
        if request.method != method and not (request.method == "HEAD" and method == "GET"):
            raise MethodNotAllowed("this address is not used that way", headers={"Allow": method})
        return view(**named)

    blueprint.add_url_rule(
        rule, endpoint=rule.replace(".", "_"), view_func=answer, methods=_METHODS, provide_automatic_options=False, strict_slashes=False
    )
