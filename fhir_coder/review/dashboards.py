"""The dashboard of a practice: figures of how codings fared, as a page and as a file. It names people and codes, and no patient."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Protocol

from flask import Response, request

from fhir_coder.audit.entry import Action, Success
from fhir_coder.errors import Forbidden, InvalidContent
from fhir_coder.outcomes.dashboard import Dashboard, Range, dashboard
from fhir_coder.outcomes.grouping import By
from fhir_coder.outcomes.outcome import CodedLine
from fhir_coder.outcomes.signed_line import SignedLine
from fhir_coder.outcomes.table import COLUMNS, rows_of
from fhir_coder.people import Right
from fhir_coder.review.dashboard_page import dashboard_values
from fhir_coder.review.launch_reading import one_of
from fhir_coder.review.protection import protect
from fhir_coder.review.recording import Recording
from fhir_coder.review.rendering import Pages
from fhir_coder.review.session import ReviewSession
from fhir_coder.review.sight import require_right
from fhir_coder.spreadsheet import defused
from fhir_coder.uploaded_provider import called

USUAL_DAYS = 30
MOST_DAYS = 366


class Outcomes(Protocol):
    """What this needs of :class:`fhir_coder.store.outcomes.Outcomes`."""

    def coded(self, tenant: str, since: datetime | None = ..., until: datetime | None = ...) -> Iterator[CodedLine]:
        """Every coding of the tenant."""


class SignedLines(Protocol):
    """What this needs of :class:`fhir_coder.store.signed_lines.SignedLines`."""

    def lines(self, tenant: str, since: datetime | None = ..., until: datetime | None = ...) -> Iterator[SignedLine]:
        """The signed ones with what there is to count of them."""


class Dashboards:
    """``today`` is the last day of a range that names none, in UTC; ``names_of`` gives the names of a tenant's providers, by reference, where any
    are kept."""

    def __init__(
        self,
        outcomes: Outcomes,
        signed: SignedLines,
        recording: Recording,
        pages: Pages,
        today: Callable[[], date],
        names_of: Callable[[str], Mapping[str, str]],
    ) -> None:
        self._names_of = names_of
        self._outcomes = outcomes
        self._signed = signed
        self._recording = recording
        self._pages = pages
        self._today = today

    def page(self, session: ReviewSession) -> Response:
        """``from`` and ``to`` are days, both included; ``by`` is of :class:`fhir_coder.outcomes.grouping.By`."""
        self._require(session, "read-dashboard", Right.SEE_OTHERS)
        board = self._board(session)
        self._record(session, "read-dashboard", board)
        return self._pages.page(
            "dashboard", session, choices=list(By), may_export=session.person.may(Right.EXPORT), **dashboard_values(board)
        )

    def file(self, session: ReviewSession) -> Response:
        """The same figures as CSV (RFC 4180), for who may export what others decided."""
        self._require(session, "export-dashboard", Right.SEE_OTHERS, Right.EXPORT)
        board = self._board(session)
        self._record(session, "export-dashboard", board)
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        writer.writerows([defused(cell) for cell in row] for row in rows_of(board))
        response = protect(Response(text.getvalue(), content_type="text/csv; charset=utf-8; header=present"), session.frame_ancestors)
        name = f"dashboard-{board.range.first}-{board.range.last}-{board.by.value}.csv"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    def _board(self, session: ReviewSession) -> Dashboard:
        """After a launch only what comes from its EHR."""
        days, by, ehr = _range(self._today()), _by(), session.ehr
        coded = self._outcomes.coded(session.tenant, days.since, days.until)
        signed = self._signed.lines(session.tenant, days.since, days.until)
        board = dashboard(days, by, (one for one in coded if ehr in {"", one.ehr}), (one for one in signed if ehr in {"", one.ehr}))
        if by is not By.PROVIDER:
            return board
        names = self._names_of(session.tenant)
        return replace(board, groups=tuple((called(group, names.get(group, "")), figures) for group, figures in board.groups))

    def _require(self, session: ReviewSession, event: str, *rights: Right) -> None:
        """Raises Forbidden; that it was tried is written down."""
        try:
            for right in rights:
                require_right(session, right)
            if not may_see_figures(session):
                raise Forbidden(
                    "your EHR opened these pages for one patient, and the dashboard is of the whole practice: launch them without a patient"
                )
        except Forbidden as error:
            self._recording.person(request, session, event, Action.READ, Success.REFUSED, error=error.code)
            raise

    def _record(self, session: ReviewSession, event: str, board: Dashboard) -> None:
        days, count = board.range, str(board.whole.signed)
        self._recording.person(
            request, session, event, Action.READ, first=days.first.isoformat(), last=days.last.isoformat(), by=board.by.value, count=count
        )


def may_see_figures(session: ReviewSession) -> bool:
    """Whether the dashboard is open to a session: the launch of a patient shows nothing beyond that patient."""
    grant = session.grant
    return session.person.may(Right.SEE_OTHERS) and not (grant and (grant.patient or grant.encounter))


def _range(today: date) -> Range:
    """Raises InvalidContent for what is no day, for a range that ends before it begins and for more than a year."""
    last = _day("to") or today
    first = _day("from") or last - timedelta(days=min(USUAL_DAYS - 1, (last - date.min).days))
    days = Range(first, last)
    if not 1 <= days.days <= MOST_DAYS or last == date.max:
        raise InvalidContent(f"the first day is not after the last, and a dashboard is of at most {MOST_DAYS} days")
    return days


def _day(name: str) -> date | None:
    given = one_of(request.args, name)
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        raise InvalidContent(f"{name} is not a day: write it as 2026-11-30") from None


def _by() -> By:
    given = one_of(request.args, "by") or By.PROVIDER.value
    if given not in set(By):
        raise InvalidContent(f"by is one of {', '.join(By)}")
    return By(given)
