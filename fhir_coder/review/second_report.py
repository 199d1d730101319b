"""The report on second reviews: who may see what others decided sees how far they agree, and a manager lets encounters pass again."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from flask import Response, request

from fhir_coder.audit.entry import Action, Agent, AgentKind, Success
from fhir_coder.errors import Forbidden, InvalidContent
from fhir_coder.outcomes.acceptance import accepted_by_coder
from fhir_coder.outcomes.outcome import SignedOutcome
from fhir_coder.people import Right
from fhir_coder.review.blinding import maker_of
from fhir_coder.review.launch_reading import one_of
from fhir_coder.review.protection import protect
from fhir_coder.review.recording import Recording
from fhir_coder.review.rendering import Pages
from fhir_coder.review.second_report_page import COLUMNS, MOST_LISTED, report_values, rows, share
from fhir_coder.review.session import ReviewSession
from fhir_coder.review.sight import require_right, sight_of
from fhir_coder.sample_settings import AuditSample
from fhir_coder.spreadsheet import defused
from fhir_coder.store.passing import Standing, Turn
from fhir_coder.store.records import Within
from fhir_coder.store.seen import REPORT
from fhir_coder.worklist.second_review import SecondReview

DAYS = 90
"""What is reported unless dates are given: the last so many days."""
SHORTEST_REASON, LONGEST_REASON = 10, 500


class KnowsDone(Protocol):
    """What this needs of :class:`fhir_coder.store.second_reviews.SecondReviews`."""

    def done(self, tenant: str, since: datetime | None = None, until: datetime | None = None) -> tuple[SecondReview, ...]:
        """What was done in a span of time."""

    def waiting(self, tenant: str, within: Within = ..., most: int | None = ...) -> tuple[SecondReview, ...]:
        """What waits for a second coder."""


class KnowsPassing(Protocol):
    """What this needs of :class:`fhir_coder.store.passing.Passing`."""

    def judge(self, tenant: str, rule: AuditSample) -> Standing:
        """How the tenant stands."""

    def turns(self, tenant: str) -> tuple[Turn, ...]:
        """Every turn of a tenant."""

    def lift(self, tenant: str, reason: str, agent: Agent, rule: AuditSample, request_id: str = ..., address: str = ...) -> None:
        """Let encounters pass again."""


class KnowsSigned(Protocol):
    """What this needs of :class:`fhir_coder.store.outcomes.Outcomes`."""

    def signed(self, tenant: str, since: datetime | None = None, until: datetime | None = None) -> Iterator[SignedOutcome]:
        """What was signed in a span of time."""


class SecondReport:
    """``rule_of`` gives the rule of a tenant, ``today`` the date in UTC."""

    def __init__(
        self,
        second: KnowsDone,
        passing: KnowsPassing,
        outcomes: KnowsSigned,
        rule_of: Callable[[str], AuditSample],
        today: Callable[[], date],
        recording: Recording,
        pages: Pages,
    ) -> None:
        self._second = second
        self._passing = passing
        self._outcomes = outcomes
        self._rule_of = rule_of
        self._today = today
        self._recording = recording
        self._pages = pages

    def report(self, session: ReviewSession) -> Response:
        """The page."""
        self._require(session, Right.SEE_OTHERS)
        since, until = self._span()
        lines = self._lines(session, since, until)
        rule = self._rule_of(session.tenant)
        standing = self._passing.judge(session.tenant, rule)
        accepted = accepted_by_coder(self._outcomes.signed(session.tenant, _start(since), _start(until + timedelta(days=1))))
        self._tell(session, since, until, len(lines), "page")
        return self._pages.page(
            "second_report",
            session,
            takes_words=True,
            since=since,
            until=until,
            most=MOST_LISTED,
            accepted=[(one, share(one.unseen, one.codes), share(one.blind, one.sign_offs)) for one in accepted],
            may_export=session.person.may(Right.EXPORT),
            may_lift=session.person.may(Right.CHANGE_THRESHOLDS),
            shortest=SHORTEST_REASON,
            longest=LONGEST_REASON,
            **report_values(lines, standing, self._passing.turns(session.tenant), rule),
        )

    def table(self, session: ReviewSession) -> Response:
        """Every second review of the span as CSV (RFC 4180)."""
        self._require(session, Right.SEE_OTHERS)
        self._require(session, Right.EXPORT)
        since, until = self._span()
        lines = self._lines(session, since, until)
        self._tell(session, since, until, len(lines), "csv")
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        writer.writerows([defused(value) for value in one] for one in rows(lines))
        response = protect(Response(out.getvalue(), content_type="text/csv; charset=utf-8"))
        response.headers["Content-Disposition"] = f'attachment; filename="second-reviews-{since}-{until}.csv"'
        return response

    def lift(self, session: ReviewSession) -> Response:
        """Let encounters pass again, with a reason."""
        self._require(session, Right.CHANGE_THRESHOLDS)
        reason = " ".join(one_of(request.form, "reason").split())
        if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
            raise InvalidContent(f"give the reason in {SHORTEST_REASON} to {LONGEST_REASON} characters")
        maker, person = maker_of(session), session.person
        agent = Agent(AgentKind.PERSON, person.id, person.issuer)
        self._passing.lift(session.tenant, reason, agent, self._rule_of(session.tenant), maker.request_id, maker.address)
        return self._pages.redirect(self._pages.local("/review/second/report"), session.frame_ancestors)

    def _lines(self, session: ReviewSession, since: date, until: date) -> list[SecondReview]:
        """Those inside the launch, but of no encounter that was drawn again: who read of it could not code it a second time any more."""
        within = sight_of(session).within
        waiting = self._second.waiting(session.tenant, within, most=None)
        return [
            one
            for one in self._second.done(session.tenant, _start(since), _start(until + timedelta(days=1)))
            if within.ehr in {"", one.ehr}
            and within.patient in {"", one.patient_reference}
            and within.encounter in {"", one.encounter_reference}
            and not any(again.is_of(one.coding_id, one.ehr, one.encounter_reference) for again in waiting)
        ]

    def _span(self) -> tuple[date, date]:
        """Both days are in it. Raises InvalidContent for what is no date."""
        try:
            until = date.fromisoformat(one_of(request.args, "to")) if one_of(request.args, "to") else self._today()
            since = date.fromisoformat(one_of(request.args, "from")) if one_of(request.args, "from") else until - timedelta(days=DAYS)
            _start(until + timedelta(days=1))
        except (ValueError, OverflowError) as error:
            raise InvalidContent("give from and to as dates, such as 2026-05-01") from error
        return since, until

    def _require(self, session: ReviewSession, right: Right) -> None:
        """Raises Forbidden; that it was tried is written down."""
        try:
            require_right(session, right)
        except Forbidden as error:
            self._recording.person(request, session, REPORT, Action.READ, Success.REFUSED, error=error.code)
            raise

    def _tell(self, session: ReviewSession, since: date, until: date, count: int, form: str) -> None:
        span = f"{since}/{until}"
        self._recording.person(request, session, REPORT, Action.READ, span=span, count=str(count), form=form)


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
