"""The list of reviews: filtered, sorted, one page at a time, and counted. Superseded codings are never in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, case, func, or_, select
from sqlalchemy.orm import Session

from fhir_coder.model import Severity
from fhir_coder.store.audit import now_utc
from fhir_coder.store.awaiting import awaiting_second, waits_for_second
from fhir_coder.store.cipher import Cipher
from fhir_coder.store.earlier import coded_before
from fhir_coder.store.providers import names_of
from fhir_coder.store.records import Within
from fhir_coder.store.review_rows import SEVERITIES, utc
from fhir_coder.store.review_tables import ReviewRow
from fhir_coder.store.reviews import Lock, lock_of
from fhir_coder.store.tables import CodedEncounterRow, ReasonRow
from fhir_coder.worklist.decision import Someone
from fhir_coder.worklist.review import State

_ALL = Within()


class Sort(StrEnum):
    """What a list is in order of. Ties: the older first."""

    OLDEST = "oldest"
    NEWEST = "newest"
    SERVICE_DATE = "service-date"
    SEVERITY = "severity"
    CODES = "codes"
    PATIENT = "patient"


@dataclass(frozen=True, slots=True)
class Filters:
    """What is listed; what is empty does not matter.

    ``assigned`` is somebody, ``is_unassigned`` asks for what is nobody's. ``severity`` is the least. ``reason`` is a code of why it goes to review.
    ``since`` and ``until`` bound the date of service, both included. ``search`` is the beginning of an id of a patient or encounter, or of a
    reference (``Patient/7``), or the id of a coding. ``within`` is what the person may see at all. ``created_after`` leaves out what was coded until
    then (aware); ``is_free`` asks for what nobody works on now.
    """

    states: tuple[State, ...] = (State.WAITING, State.HELD)
    assigned: Someone | None = None
    is_unassigned: bool = False
    severity: Severity | None = None
    reason: str = ""
    ehr: str = ""
    since: date | None = None
    until: date | None = None
    search: str = ""
    within: Within = _ALL
    created_after: datetime | None = None
    is_free: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Which lines of a list: those after ``skip``, ``most`` at the most."""

    skip: int = 0
    most: int = 50


@dataclass(frozen=True, slots=True)
class WorklistLine:
    """One review in a list. ``created_at`` and ``changed_at`` are aware; ``is_inline``: the notes came with the request instead of from an EHR,
    ``is_uploaded``: as files, by a person, who called the provider ``provider_name`` (empty where no name is kept). ``codes`` and ``severity`` are not told while the encounter waits for a second review.
    ``is_again``: the encounter was coded before."""

    coding_id: str
    ehr: str
    encounter_reference: str
    patient_reference: str
    provider: str
    service_date: date | None
    created_at: datetime
    changed_at: datetime
    is_inline: bool
    is_uploaded: bool
    state: State
    version: int
    codes: tuple[str, ...]
    reasons: tuple[str, ...]
    severity: Severity | None
    hold_reason: str
    assigned: Someone | None
    lock: Lock | None
    supersedes: str
    provider_name: str = ""
    is_again: bool = False


_ORDERS: Mapping[Sort, Callable[[str], tuple[Any, ...]]] = {
    Sort.OLDEST: lambda tenant: (),
    Sort.NEWEST: lambda tenant: (CodedEncounterRow.key.desc(),),
    Sort.SERVICE_DATE: lambda tenant: (CodedEncounterRow.service_date.is_(None), CodedEncounterRow.service_date),
    Sort.SEVERITY: lambda tenant: (_told(ReviewRow.severity, tenant).desc(),),
    Sort.CODES: lambda tenant: (_told(ReviewRow.code_count, tenant).desc(),),
    Sort.PATIENT: lambda tenant: (CodedEncounterRow.patient_reference,),
}


class Worklist:
    """Over one database. ``now`` tells the time (aware), by which locks are over."""

    def __init__(self, engine: Engine, cipher: Cipher, now: Callable[[], datetime] = now_utc) -> None:
        self._engine = engine
        self._cipher = cipher
        self._now = now

    def lines(self, tenant: str, filters: Filters = Filters(), sort: Sort = Sort.OLDEST, page: Page = Page()) -> tuple[WorklistLine, ...]:
        """One page of the list."""
        query = _listed(tenant, filters, self._now(), ReviewRow, CodedEncounterRow)
        query = query.order_by(*_ORDERS[sort](tenant), CodedEncounterRow.key).offset(page.skip).limit(page.most)
        with Session(self._engine) as session:
            found = session.execute(query).all()
            hidden = awaiting_second(session, tenant, [coding for _, coding in found])
            names = names_of(session, tenant, self._cipher) if any(coding.is_uploaded for _, coding in found) else {}
            again = coded_before(session, tenant, [coding.key for _, coding in found])
            lines = ((coding.key, self._line(review, coding, names, coding.key in again)) for review, coding in found)
            return tuple(replace(line, codes=(), severity=None) if key in hidden else line for key, line in lines)

    def count(self, tenant: str, filters: Filters = Filters()) -> int:
        """How many lines the list has on all its pages."""
        with Session(self._engine) as session:
            return session.scalar(_listed(tenant, filters, self._now(), func.count())) or 0

    def newest(self, tenant: str, filters: Filters = Filters()) -> datetime | None:
        """When the newest of the list was coded; None for an empty list."""
        with Session(self._engine) as session:
            moment = session.scalar(_listed(tenant, filters, self._now(), func.max(CodedEncounterRow.created_at)))
        return utc(moment) if moment else None

    def _line(self, review: ReviewRow, coding: CodedEncounterRow, names: Mapping[str, str], is_again: bool) -> WorklistLine:
        assigned = Someone(review.assigned_id, review.assigned_issuer, self._cipher.open(review.assigned_name))
        return WorklistLine(
            coding_id=coding.id,
            ehr=coding.ehr,
            encounter_reference=coding.encounter_reference,
            patient_reference=coding.patient_reference,
            provider=review.provider,
            service_date=coding.service_date,
            created_at=utc(coding.created_at),
            changed_at=utc(review.changed_at),
            is_inline=coding.is_inline,
            is_uploaded=coding.is_uploaded,
            state=State(review.state),
            version=review.version,
            codes=tuple(review.codes),
            reasons=tuple(review.reasons),
            severity=SEVERITIES[review.severity],
            hold_reason=review.hold_reason,
            assigned=assigned if assigned.id else None,
            lock=lock_of(review, self._cipher, self._now()),
            supersedes=review.supersedes,
            provider_name=names.get(review.provider, "") if coding.is_uploaded else "",
            is_again=is_again,
        )


def _listed(tenant: str, filters: Filters, now: datetime, *what: Any) -> Select[Any]:
    """The list of a tenant without order."""
    review, coding = ReviewRow, CodedEncounterRow
    query = select(*what).select_from(review).join(coding, review.coded_encounter == coding.key)
    query = query.where(review.tenant == tenant, coding.tenant == tenant, review.superseded_by == "")
    if filters.reason:
        named = select(ReasonRow.key).where(
            ReasonRow.tenant == tenant, ReasonRow.coded_encounter == coding.key, ReasonRow.code == filters.reason
        )
        query = query.where(named.exists())
    return query.where(*_conditions(tenant, filters, now))


def _told(column: Any, tenant: str) -> ColumnElement[Any]:
    """What a column says, as far as lists tell it: nothing of an encounter that waits for a second review, or its place would."""
    return case((waits_for_second(tenant), -1), else_=column)


def _conditions(tenant: str, filters: Filters, now: datetime) -> Iterator[ColumnElement[bool]]:
    review, coding, within = ReviewRow, CodedEncounterRow, filters.within
    yield review.state.in_([one.value for one in filters.states])
    for column, value in ((coding.ehr, filters.ehr), (coding.ehr, within.ehr), (coding.patient_reference, within.patient)):
        if value:
            yield column == value
    if within.encounter:
        yield coding.encounter_reference == within.encounter
    if filters.assigned:
        yield review.assigned_id == filters.assigned.id
        yield review.assigned_issuer == filters.assigned.issuer
    if filters.is_unassigned:
        yield review.assigned_id == ""
    if filters.severity:
        yield _told(review.severity, tenant) >= SEVERITIES.index(filters.severity)
    if filters.since:
        yield coding.service_date >= filters.since
    if filters.until:
        yield coding.service_date <= filters.until
    if filters.created_after:
        yield coding.created_at > filters.created_after
    if filters.is_free:
        yield review.locked_until_s <= int(now.timestamp())
    if filters.search:
        yield _matching(filters.search)


def _matching(search: str) -> ColumnElement[bool]:
    """Ids are compared as they are written: in FHIR they differ by case."""
    columns = (CodedEncounterRow.patient_reference, CodedEncounterRow.encounter_reference)
    beginnings = (search,) if "/" in search else (f"Patient/{search}", f"Encounter/{search}")
    found = [column.startswith(one, autoescape=True) for column in columns for one in beginnings]
    return or_(*found, CodedEncounterRow.id == search)
